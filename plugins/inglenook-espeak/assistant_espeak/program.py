"""The program: what it has, and what it says. A process for each piece of text, 6 ms to its first sound.

The library beneath it has one state for a whole process, and Piper has a copy of its own of that library in this one.
A process of its own keeps the two apart, can be killed in the middle of a word, and takes nobody along if it crashes.
"""

import re
import select
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath

from assistant import AudioChunk, AudioFormat, EngineError, EngineUnavailable, UnfitRequest

__all__ = ["Program"]

_HEADER = 44
"""Bytes before the samples: a WAV file of unknown length."""
_STEP = 8192
"""Bytes of sound that are read at once: a fifth of a second."""
_PATIENCE = 5.0
"""Seconds without any sound after which the process hangs."""
_LINE = re.compile(r"\s*\d+\s+(?P<language>\S+)\s+\S+\s+\S+\s+(?P<file>\S+)")


@dataclass(frozen=True, slots=True)
class Program:
    """An installation of espeak-ng."""

    path: str
    """The executable file."""
    voices: frozenset[str]
    """Its voices, named by their languages, in lower case."""
    variants: frozenset[str]
    """What `+` and a name can make of a voice."""

    @classmethod
    def find(cls, name: str) -> "Program":
        """Find a program and ask what it has; raises EngineUnavailable where it is not there, or is another one."""
        path = shutil.which(name)
        if path is None:
            raise EngineUnavailable(f"there is no program {name!r}", hint="install it: apt install espeak-ng")
        voices = frozenset(match["language"].lower() for match in _listed(path, "--voices"))
        variants = frozenset(PurePosixPath(match["file"]).name for match in _listed(path, "--voices=variant"))
        if not voices:
            raise EngineUnavailable(f"{path} lists no voices", hint="install it: apt install espeak-ng")
        return cls(path, voices, variants)

    def voice(self, name: str, variant: str) -> str:
        """Return a voice by its name, changed by a variant; raises UnfitRequest that names the nearest."""
        found = name.lower()
        if found not in self.voices:
            raise UnfitRequest(f"espeak-ng has no voice {name!r}", hint=_nearest(name, self.voices, "--voices"))
        if variant and variant not in self.variants:
            hint = _nearest(variant, self.variants, "--voices=variant")
            raise UnfitRequest(f"espeak-ng has no variant {variant!r}", hint=hint)
        return f"{found}+{variant}" if variant else found

    def say(self, text: str, arguments: Sequence[str]) -> Iterator[AudioChunk]:
        """Yield the sound of *text*, as it is made; the process is killed where nobody wants the rest.

        Raises EngineError where the program fails, or makes no sound for seconds.
        """
        command = [self.path, "--stdout", "--stdin", "-b", "1", *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:  # noqa: S603
            try:
                yield from _sound(process, text)
            finally:
                process.kill()


def _listed(path: str, option: str) -> Iterator[re.Match[str]]:
    try:
        answer = subprocess.run(  # noqa: S603
            [path, option], capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineUnavailable(f"{path} does not answer: {error}", hint="install it: apt install espeak-ng") from None
    return (found for line in answer.stdout.decode(errors="replace").splitlines() if (found := _LINE.match(line)))


def _nearest(name: str, known: frozenset[str], option: str) -> str:
    near = get_close_matches(name.lower(), sorted(known), 1, cutoff=0.4)
    return f"did you mean {near[0]!r}?" if near else f"espeak-ng {option} lists them"


def _sound(process: "subprocess.Popen[bytes]", text: str) -> Iterator[AudioChunk]:
    """Yield what a process says; it reads all of the text before it speaks, and writes no faster than it is read."""
    assert process.stdin and process.stdout and process.stderr
    try:
        process.stdin.write(text.encode())
        process.stdin.close()
    except BrokenPipeError:
        pass  # it says why, or nothing
    header = _read(process, _HEADER)
    if header[:4] != b"RIFF":
        said = process.stderr.read(200).decode(errors="replace").strip() if not header else "its sound is no WAV"
        if said:
            raise EngineError(f"espeak-ng failed: {said}")
        return
    form = AudioFormat(int.from_bytes(header[24:28], "little"))
    while audio := _read(process, _STEP):
        yield AudioChunk(audio[: len(audio) // form.frame * form.frame], form)


def _read(process: "subprocess.Popen[bytes]", size: int) -> bytes:
    """Return so many bytes, or what is left of them; raises EngineError where none come for long."""
    assert process.stdout
    read = b""
    while len(read) < size:
        if not select.select([process.stdout], [], [], _PATIENCE)[0]:
            raise EngineError(f"espeak-ng made no sound in {_PATIENCE:g} s")
        if not (more := process.stdout.read1(size - len(read))):  # type: ignore[attr-defined]
            break
        read += more
    return read
