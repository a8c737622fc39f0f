"""A sound card made of nothing: a private PulseAudio whose devices are null sinks, for the demo and for tests.

Whatever is played into a microphone is what programs record from it, in real time; whatever they play on a speaker can
be recorded. It needs no hardware and no session, works for root, and does not meet a PulseAudio or PipeWire that runs.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.audio import AudioChunk
from assistant.errors import DeviceError

__all__ = ["Port", "SoundCard", "sound_card"]

_PATIENCE = 10.0
"""Seconds that a part of PulseAudio may take to start."""
_INSTALL = "apt-get install pulseaudio pulseaudio-utils libasound2-plugins"


@dataclass(frozen=True, slots=True)
class Port:
    """A microphone or a speaker of the card."""

    name: str
    """How programs find it: the name of an ALSA device."""
    kind: Literal["microphone", "speaker"]
    """Whether programs record from it or play on it."""
    rate: int = 48_000
    """Hertz."""
    channels: int = 1
    """1, 2, 4, 6 or 8."""

    @property
    def alsa(self) -> str:
        """Return the ALSA device that leads to the null sink, or to its monitor."""
        role, device = ("capture", f"{self.name}.monitor") if self.kind == "microphone" else ("playback", self.name)
        return f'pcm.{self.name} {{ type asym {role}.pcm {{ type pulse device "{device}" }} }}\n'


_POSITIONS = ("front-left", "front-right", "rear-left", "rear-right", "front-center", "lfe", "side-left", "side-right")
"""ALSA's order of channels: with any other, PulseAudio would mix them on the way to a program."""

_DEFAULT = "pcm.!default { type asym playback.pcm { type pulse } capture.pcm { type pulse } }\n"
"""Without a device of this name, PortAudio 19.6 ends the process by an assertion when it lists devices."""

MICROPHONE = Port("microphone", "microphone")
SPEAKER = Port("speaker", "speaker", channels=2)


class SoundCard:
    """A running card with its ports `microphone` and `speaker`, which are also the defaults."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports: dict[str, Port] = {}
        self._modules: dict[str, str] = {}
        self.environment: Mapping[str, str] = {
            "PULSE_SERVER": f"unix:{folder / 'native'}",
            "PULSE_COOKIE": str(folder / "cookie"),
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        """Variables that lead programs to this card; they must be set before the program starts PortAudio or ALSA."""

    async def plug(self, port: Port) -> None:
        """Add a port, or bring one back that was unplugged; raises DeviceError where PulseAudio refuses."""
        arguments = [
            f"sink_name={port.name}",
            f"rate={port.rate}",
            f"channels={port.channels}",
            f"channel_map={'mono' if port.channels == 1 else ','.join(_POSITIONS[: port.channels])}",
            "norewinds=1",  # blocks of 50 ms, not 2 s
        ]
        self._modules[port.name] = (await self._pactl("load-module", "module-null-sink", *arguments)).strip()
        self._ports[port.name] = port
        config = _DEFAULT + "".join(port.alsa for port in self._ports.values())
        (self._folder / "asound.conf").write_text(config)

    async def unplug(self, name: str) -> None:
        """Take a port away, as if its cable were pulled; its name stays known to ALSA.

        Not for the two default ports: PulseAudio would make another port the default and move what uses them there.
        """
        await self._pactl("unload-module", self._modules.pop(name))

    async def speak(self, chunks: Iterable[AudioChunk], microphone: str = "microphone") -> None:
        """Play *chunks*, all of one 16-bit format, into a microphone; returns when the last sample was heard."""
        sound = list(chunks)
        form = sound[0].format
        pacat = await self._run(
            "pacat",
            "--playback",
            f"--device={microphone}",
            "--latency-msec=200",  # a busy machine must not tear words apart
            *_options(form.rate, form.channels),
            stdin=True,
        )
        async with _ended(pacat):
            _, said = await pacat.communicate(b"".join(chunk.audio for chunk in sound))
            if pacat.returncode:
                raise DeviceError(f"nothing can be played into {microphone}: {said.decode(errors='replace').strip()}")

    @asynccontextmanager
    async def record(self, file: Path, speaker: str = "speaker") -> AsyncGenerator[None, None]:
        """Write what a speaker plays to a WAV file for as long as the context is open, silence included."""
        port = self._ports[speaker]
        parec = await self._run(
            "parec",
            f"--device={speaker}.monitor",
            "--latency-msec=20",
            *_options(port.rate, port.channels),
            "--file-format=wav",
            str(file),
        )
        async with _ended(parec):
            await _until(lambda: file.exists() and file.stat().st_size > 44, parec, f"{speaker} cannot be recorded")
            yield
            await asyncio.sleep(0.1)  # what has been played is still on its way

    async def _pactl(self, *command: str) -> str:
        pactl = await self._run("pactl", *command)
        async with _ended(pactl):
            printed, said = await pactl.communicate()
            if pactl.returncode:
                raise DeviceError(f"pactl {' '.join(command)}: {said.decode(errors='replace').strip()}")
        return printed.decode()

    async def _run(self, program: str, *arguments: str, stdin: bool = False) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            _found(program),
            *arguments,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**_bare_environment(self._folder), **self.environment},
        )


@asynccontextmanager
async def sound_card() -> AsyncGenerator[SoundCard, None]:
    """Start a card and end it with the context; raises DeviceError where PulseAudio is missing or does not start."""
    folder = Path(tempfile.mkdtemp(prefix="inglenook-sound-"))
    try:
        card = SoundCard(folder)
        (folder / "daemon.conf").write_text("rescue-streams = no\n")  # what is unplugged is gone, not elsewhere
        printed = folder / "pulseaudio.log"
        with printed.open("wb") as log:
            pulseaudio = await asyncio.create_subprocess_exec(
                _found("pulseaudio"),
                *("-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"),
                *("--realtime=no", "--high-priority=no"),
                f"--load=module-native-protocol-unix auth-anonymous=1 socket={folder / 'native'}",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_bare_environment(folder),
            )
        async with _ended(pulseaudio):
            try:
                await _until((folder / "native").exists, pulseaudio, "PulseAudio does not start")
                await card.plug(MICROPHONE)
                await card.plug(SPEAKER)
                await card._pactl("set-default-source", f"{MICROPHONE.name}.monitor")
                await card._pactl("set-default-sink", SPEAKER.name)
            except DeviceError as error:
                lines = printed.read_text(errors="replace").strip().splitlines()
                raise DeviceError(str(error), hint=f"it printed: {lines[-1]}" if lines else _INSTALL) from None
            yield card
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options(rate: int, channels: int) -> list[str]:
    return ["--format=s16le", f"--rate={rate}", f"--channels={channels}", "--no-remap"]


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise DeviceError(f"{program} is not installed", hint=_INSTALL)
    return path


def _bare_environment(folder: Path) -> dict[str, str]:
    """Keep PulseAudio away from the person's own configuration, session bus and server."""
    home = str(folder)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "XDG_RUNTIME_DIR": home,
        "PULSE_RUNTIME_PATH": home,
        "PULSE_STATE_PATH": home,
        "PULSE_CONFIG": str(folder / "daemon.conf"),
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }


async def _until(done: Callable[[], bool], process: asyncio.subprocess.Process, failure: str) -> None:
    """Wait until *done*; raises DeviceError where *process* ends before or it takes too long."""
    try:
        async with asyncio.timeout(_PATIENCE):
            while not done():
                if process.returncode is not None:
                    raise DeviceError(f"{failure}: exit status {process.returncode}")
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise DeviceError(f"{failure} within {_PATIENCE:.0f} s") from None


@asynccontextmanager
async def _ended(process: asyncio.subprocess.Process) -> AsyncGenerator[None, None]:
    """Leave no process behind."""
    try:
        yield
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
        try:
            async with asyncio.timeout(_PATIENCE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
