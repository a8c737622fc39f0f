"""One daemon for one state folder: a file that the process which runs it holds locked.

The kernel gives the lock back when the process ends, however it ends; so nothing is left behind that has to be cleaned.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AlreadyRunning, ServiceError

__all__ = ["FILE", "Lock", "Owner", "hold", "owner"]

FILE = "daemon.lock"
"""Name of the file in the state folder."""
_LONGEST = 1000
"""Bytes of the file that are read."""
_TRIES = 5
"""Times that the lock is tried."""
_BETWEEN = 0.05
"""Seconds between two tries."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds the lock."""

    pid: int
    """Its number; 0 where it could not write it."""
    address: str = ""
    """Where its HTTP door is, such as `http://127.0.0.1:8420`; empty while there is none."""


class Lock:
    """A lock that is held."""

    def __init__(self, file: int) -> None:
        self._file = file
        self.tell("")

    def tell(self, address: str) -> None:
        """Write down who holds the lock and where it can be reached; on a full disk nobody learns it."""
        with suppress(OSError):
            os.pwrite(self._file, line := f"{os.getpid()} {address}\n".encode(), 0)
            os.ftruncate(self._file, len(line))


@contextmanager
def hold(folder: Path) -> Generator[Lock, None, None]:
    """Hold the lock of a state folder.

    Raises AlreadyRunning where another process does, and ServiceError for a folder that cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ServiceError(
            f"{folder}: the state folder cannot be used: {error.strerror}", hint="check its permissions and the disk"
        ) from None
    try:
        if not _locked(file):
            raise AlreadyRunning(
                f"{folder}: this state folder is in use by process {_read(file).pid or '(unknown)'}",
                hint="stop that one first: `systemctl stop inglenook`, or Ctrl-C where it runs in a terminal",
            )
        yield Lock(file)
    finally:
        os.close(file)


def _locked(file: int) -> bool:
    """Lock a file; tell whether that went well. `owner` holds it for an instant, which is waited out."""
    for _ in range(_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_BETWEEN)
    return False


def owner(folder: Path) -> Owner | None:
    """Return who runs on a state folder; None where nobody does."""
    try:
        file = os.open(folder / FILE, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(file)
    else:
        return None
    finally:
        os.close(file)


def _read(file: int) -> Owner:
    pid, _, address = os.pread(file, _LONGEST, 0).decode("utf-8", "replace").strip().partition(" ")
    return Owner(int(pid) if pid.isdecimal() else 0, address)
