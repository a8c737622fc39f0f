"""Get the bytes of a file out of wheels of the package registry: the mirror of those who reach nothing else."""

import asyncio
import errno
import os
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from assistant.models.catalogue import Member
from assistant.models.registry import brought, sizes
from assistant.models.sources import CHUNK, Advanced, Limits, Part, SourceError, require_space

__all__ = ["Wheels"]


class Wheels:
    """Wheels of the package registry, each downloaded once, by pip, so by the settings that the user gave pip.

    They are only read: nothing of them is installed or run.
    """

    def __init__(self, folder: Path, sizes: Mapping[str, int], limits: Limits) -> None:
        self._folder = folder
        self._sizes = sizes
        self._here: dict[str, Path] = {}
        self._limits = limits

    async def fetch(self, members: Sequence[Member], part: Part, advanced: Advanced) -> None:
        """Fill *part* with the members, joined in order; raises SourceError."""
        wheels = []
        for count, member in enumerate(members):

            def share(fraction: float, count: int = count) -> None:
                advanced(int(part.file.size * (count + fraction) / len(members)))

            wheels.append(await self._wheel(member.wheel, share))
        require_space(self._folder, part.file.size - part.size)
        part.restart()
        for wheel, member in zip(wheels, members, strict=True):
            await asyncio.to_thread(_extract, wheel, member.member, part)

    async def _wheel(self, wheel: str, share: Callable[[float], None]) -> Path:
        """Return the file of *wheel*, downloaded now or before."""
        if wheel not in self._here:
            self._here[wheel] = await self._download(wheel, share)
        return self._here[wheel]

    async def _download(self, wheel: str, share: Callable[[float], None]) -> Path:
        size = self._sizes[wheel]
        folder = self._folder / wheel
        scratch = folder / "tmp"
        scratch.mkdir(parents=True)
        require_space(folder, 2 * size)  # pip copies it once more
        pip = ["-P", "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]
        wanted = ["--only-binary", ":all:", "--ignore-requires-python", "--dest", str(folder), wheel]
        try:
            status, said = await brought(
                [sys.executable, *pip, *wanted],
                wheel,
                folder=folder,
                variables={**os.environ, "TMPDIR": str(scratch)},
                # Not every pip that is about can report its progress, but all write the wheel into their scratch.
                measure=lambda: max(sizes(folder, "*.whl"), default=0),
                listed=size,
                most=size,
                stall=self._limits.registry_stall,
                advanced=lambda here: share(min(here / size, 1.0)),
            )
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        found = list(folder.glob("*.whl"))
        if status or len(found) != 1:
            _explain(wheel, said)
        if found[0].stat().st_size > size:
            raise SourceError(f"{wheel}: is larger than the listed {size} bytes")
        return found[0]


def _explain(wheel: str, said: str) -> NoReturn:
    """Raise what pip failed of."""
    if os.strerror(errno.ENOSPC) in said:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["pip failed"]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    raise SourceError(f"{wheel}: {(errors or lines)[-1]:.300}")


def _extract(wheel: Path, member: str, part: Part) -> None:
    """Append a member of *wheel* to *part*. Its name is only looked up: where it goes is not for the wheel to say."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as stream:
            while data := stream.read(CHUNK):
                part.write(data)
    except KeyError:
        raise SourceError(f"{wheel.name}: has no {member}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{wheel.name}: cannot be read: {error}") from None
