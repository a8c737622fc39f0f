"""System prompts that were read, on disk, so that a restart starts warm.

Saved is what llama.cpp holds after the part of a prompt that is the same in every conversation: the system message and
the tools, never what a person said. A file's name is a digest of all that its content depends on, and the file starts
with a digest of its content: llama.cpp trusts the bytes it is given, so they are proved before it gets them.
"""

import hashlib
import logging
import os
import stat
import tempfile
import time
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

__all__ = ["SavedPrefixes", "fingerprint"]

log = logging.getLogger(__name__)

_MAGIC = b"inglenook prefix 1\n"
_HEADER = len(_MAGIC) + 32
_ENDS = 1 << 20
"""Bytes at either end of a model file that are hashed: its header, and the last of its weights."""
_ABANDONED = 3600
"""Seconds after which a file that is being written belongs to a process that died."""


def fingerprint(model: Path, *settings: object) -> bytes:
    """Return what tells this model file, computed on with these settings, from any other."""
    status = model.stat()
    with model.open("rb") as file:
        head = file.read(_ENDS)
        file.seek(max(0, status.st_size - _ENDS))
        tail = file.read(_ENDS)
    told = repr((status.st_size, status.st_mtime_ns, settings)).encode()
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in (told, head, tail))).digest()


class SavedPrefixes:
    """Keep states of at most *limit* bytes in *folder*; the least recently used go first. One thread at a time asks.

    Nothing here raises: what cannot be read was not saved, and a disk that cannot be written costs a warning.
    """

    def __init__(self, folder: Path, limit: int, fingerprint: bytes) -> None:
        self._folder = folder
        self.limit = limit
        """Bytes of all files together; a state as large as that is not saved."""
        self._fingerprint = fingerprint
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="llama-cpp saving")
        self._writable = True

    def wants(self, tokens: Sequence[int], size: int) -> bool:
        """Return whether a state of *size* bytes should be saved: it fits, and is not there yet."""
        return self._writable and _HEADER + size <= self.limit and not self._file(tokens).exists()

    def save(self, tokens: Sequence[int], state: bytes) -> None:
        """Write the state after *tokens* to the disk, on a thread of its own."""
        self._writer.submit(self._write, self._file(tokens), state)

    def load(self, tokens: Sequence[int]) -> bytes | None:
        """Return the state after *tokens*, or None. A file that is damaged or of another origin is deleted."""
        file = self._file(tokens)
        try:
            data = self._read(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("%s cannot be read: %s", file, error)
            self.discard(tokens)
            return None
        state = data[_HEADER:]
        if data[:_HEADER] != _header(file, state):
            log.warning("%s is damaged or not ours: the prompt is read afresh", file)
            self.discard(tokens)
            return None
        with suppress(OSError):
            os.utime(file)  # it was used
        return state

    def discard(self, tokens: Sequence[int]) -> None:
        """Delete the state after *tokens*, if it is there."""
        with suppress(OSError):
            self._file(tokens).unlink()

    def close(self) -> None:
        """Wait until everything is on the disk."""
        self._writer.shutdown()

    def _file(self, tokens: Sequence[int]) -> Path:
        return self._folder / hashlib.sha256(self._fingerprint + array("i", tokens).tobytes()).hexdigest()

    def _read(self, file: Path) -> bytes:
        """Read a file whole; one that is too large for ours, or no file at all, reads as empty."""
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as content:
            status = os.fstat(descriptor)
            return content.read() if stat.S_ISREG(status.st_mode) and status.st_size <= self.limit else b""

    def _write(self, file: Path, state: bytes) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(suffix=".part", dir=self._folder)  # for nobody else to read
            try:
                with os.fdopen(descriptor, "wb") as part:
                    part.write(_header(file, state))
                    part.write(state)
                    part.flush()
                    os.fsync(descriptor)
                Path(name).replace(file)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
            self._make_room()
        except OSError as error:
            self._writable = False
            log.warning("read prompts cannot be saved, each start will read them again: %s", error)

    def _make_room(self) -> None:
        """Delete what was not used for longest until the rest is small enough."""
        found = []
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process makes room, too
                status = file.lstat()
                if file.suffix != ".part":
                    found.append((status.st_mtime_ns, status.st_size, file))
                elif status.st_mtime < time.time() - _ABANDONED:
                    file.unlink()
        total = sum(size for _, size, _ in found)
        for _, size, file in sorted(found):
            if total <= self.limit:
                return
            file.unlink(missing_ok=True)
            total -= size


def _header(file: Path, state: bytes) -> bytes:
    """Return how the file of a state starts. Its name is in it, so that no file can stand in for another."""
    digest = hashlib.sha256(file.name.encode())
    digest.update(state)
    return _MAGIC + digest.digest()
