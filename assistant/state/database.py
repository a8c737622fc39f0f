"""The SQLite file, used by one thread of its own."""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from assistant.errors import ServiceError
from assistant.state.migrations import migrate
from assistant.streams import in_thread

__all__ = ["Database"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
"""What SQLite says where a disk is full, or broken."""


class Database:
    """A connection that its tables share."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._connection: sqlite3.Connection | None = None
        self._failing = False

    async def open(self) -> None:
        """Open the file, and bring it to the present form; raises ServiceError where that cannot be done."""
        await in_thread(self._open, self._thread)

    async def close(self) -> None:
        """Finish what is being written and close the file."""
        await in_thread(self._close, self._thread)
        self._thread.shutdown(wait=False)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Return what *query* finds; raises ServiceError."""
        return await in_thread(lambda: self._try("read", query), self._thread)

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Make a change, all of it or nothing; raises ServiceError."""
        return await in_thread(lambda: self._try("written", self._whole(change)), self._thread)

    async def rewrite(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do what is more than one transaction, such as VACUUM; raises ServiceError."""
        return await in_thread(lambda: self._try("written", work), self._thread)

    def write_soon(self, what: str, change: Callable[[sqlite3.Connection], object]) -> None:
        """Make a change soon; a failure is logged, because no turn may fail by what is kept of it."""
        try:
            self._thread.submit(self._write, what, change)
        except RuntimeError:
            log.error("%s is not kept: the database is closed", what)

    def _write(self, what: str, change: Callable[[sqlite3.Connection], object]) -> None:
        """Make a change; say that nothing is kept when that begins, and when it ends."""
        try:
            self._whole(change)(self._open_connection())
        except sqlite3.Error as error:
            if not self._failing:
                log.error("%s is not kept: %s; nor is what follows, until this is said to be over", what, error)
            self._failing = True
        else:
            if self._failing:
                log.warning("what happens is kept again")
            self._failing = False

    def _whole(self, change: Callable[[sqlite3.Connection], T]) -> Callable[[sqlite3.Connection], T]:
        def changed(connection: sqlite3.Connection) -> T:
            with connection:
                return change(connection)

        return changed

    def _try(self, what: str, call: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return call(self._open_connection())
        except (sqlite3.Error, ValueError) as error:
            raise self._failure(what, error) from None

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the database is closed")
        return self._connection

    def _open(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone(self._file.parent):
                self._connection = connection = sqlite3.connect(self._file)
                self._file.chmod(0o600)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")  # a receipt outlives a power cut; there are few
                connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
                migrate(connection, self._file)
        except (sqlite3.Error, OSError) as error:
            self._close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NO_ROOM:
                raise self._failure("opened", error) from None
            self._connection = self._readable()
            log.error("%s: %s: nothing is kept until there is room on the disk and this starts anew", self._file, error)
        except ServiceError:
            self._close()
            raise

    def _readable(self) -> sqlite3.Connection:
        """Return a copy in memory of what can be read, to which nothing can be written: a home must come up."""
        memory = sqlite3.connect(":memory:")
        try:
            if self._file.stat().st_size:
                _copy(self._file, memory)
            migrate(memory, self._file)
            memory.execute("PRAGMA query_only = ON")
        except (sqlite3.Error, OSError, ServiceError) as error:
            memory.close()
            raise self._failure("opened", error) from None
        return memory

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _failure(self, what: str, error: Exception) -> ServiceError:
        return ServiceError(
            f"{self._file}: the database cannot be {what}: {error}",
            hint="check the folder's permissions and the disk; move the file away to start afresh",
        )


@contextmanager
def _alone(folder: Path) -> Generator[None, None, None]:
    """Hold a folder while a database in it is opened.

    SQLite says "locked", without waiting, to one of two who change the journal's mode at once.
    """
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system locks folders
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _copy(file: Path, target: sqlite3.Connection) -> None:
    """Copy a database without a byte on the disk: its log is read into memory, if nobody else has it open."""
    address = f"file:{quote(str(file.absolute()))}"
    try:
        with closing(sqlite3.connect(address, uri=True)) as source:
            source.execute("PRAGMA locking_mode = EXCLUSIVE")
            source.backup(target)
    except sqlite3.OperationalError:
        with closing(sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True)) as source:
            source.backup(target)
