"""Timers, alarms and reminders, and the clocks by which they are measured over restarts."""

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from assistant.state.database import Database
from assistant.timers.timeline import Sighting
from assistant.timers.timer import Timer

__all__ = ["Timers"]

log = logging.getLogger(__name__)


class Timers:
    """The table of timers, and the row of the clocks. Each change is on the disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> list[Timer]:
        """Return every timer, in the order in which they were set; raises ServiceError."""
        return await self._database.read(_read)

    async def add(self, timer: Timer) -> Timer:
        """Store a new timer and return it with its number; raises ServiceError."""
        return await self._database.write(lambda connection: _add(connection, timer))

    async def change(self, timers: Sequence[Timer]) -> list[Timer]:
        """Store changed timers, all at once, and return them as they are stored; raises ServiceError.

        One that was changed or removed by somebody else since it was read stays as it is, and is not among them.
        """
        return await self._database.write(lambda connection: _changed(connection, timers))

    async def remove(self, timers: Sequence[Timer]) -> list[Timer]:
        """Delete timers and return them; one that somebody else changed since stays. Raises ServiceError."""
        return await self._database.write(lambda connection: [timer for timer in timers if _remove(connection, timer)])

    async def revision(self) -> int:
        """Return a number that changes when another process writes; raises ServiceError."""
        return await self._database.read(
            lambda connection: int(connection.execute("PRAGMA data_version").fetchone()[0])
        )

    async def seen(self) -> Sighting | None:
        """Return the clocks as they were stored last; None where they never were. Raises ServiceError."""
        return await self._database.read(_sighting)

    async def see(self, sighting: Sighting, timers: Sequence[Timer] = ()) -> list[Timer]:
        """Store the clocks, and changed timers with them; return these as `change` does. Raises ServiceError."""
        text = msgspec.json.encode(sighting).decode()

        def see(connection: sqlite3.Connection) -> list[Timer]:
            connection.execute("INSERT OR REPLACE INTO clocks VALUES (1, ?)", (text,))
            return _changed(connection, timers)

        return await self._database.write(see)


def _read(connection: sqlite3.Connection) -> list[Timer]:
    found = []
    for id_, revision, text in connection.execute("SELECT id, revision, timer FROM timers ORDER BY id"):
        try:
            found.append(replace(msgspec.json.decode(text, type=Timer), id=id_, revision=revision))
        except msgspec.DecodeError as error:
            log.error("timer %d cannot be read, and will not ring: %s", id_, error)
    return found


def _add(connection: sqlite3.Connection, timer: Timer) -> Timer:
    row = (timer.started, not timer.pending, 0, _text(timer))
    added = connection.execute("INSERT INTO timers (started, over, revision, timer) VALUES (?, ?, ?, ?)", row)
    return replace(timer, id=added.lastrowid or 0)


def _changed(connection: sqlite3.Connection, timers: Sequence[Timer]) -> list[Timer]:
    return [changed for timer in timers if (changed := _change(connection, timer)) is not None]


def _change(connection: sqlite3.Connection, timer: Timer) -> Timer | None:
    row = (not timer.pending, _text(timer), timer.id, timer.revision)
    changed = connection.execute(
        "UPDATE timers SET over = ?, timer = ?, revision = revision + 1 WHERE id = ? AND revision = ?", row
    )
    return replace(timer, revision=timer.revision + 1) if changed.rowcount else None


def _remove(connection: sqlite3.Connection, timer: Timer) -> bool:
    row = (timer.id, timer.revision)
    return bool(connection.execute("DELETE FROM timers WHERE id = ? AND revision = ?", row).rowcount)


def _text(timer: Timer) -> str:
    return msgspec.json.encode(timer).decode()


def _sighting(connection: sqlite3.Connection) -> Sighting | None:
    row = connection.execute("SELECT sighting FROM clocks").fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Sighting)
