"""The audit log: entries are added at its end and, when they are too old or too many, deleted from its beginning."""

import asyncio
import logging
import sqlite3
import time

from assistant.access.audit import Event, Record, chained, packed
from assistant.clock import clock_is_set
from assistant.errors import ServiceError
from assistant.state.database import Database

__all__ = ["AuditTable"]

log = logging.getLogger(__name__)

_MOST = 50_000
"""Entries that are kept. About 12 MB."""
_BLOCK = 1000
"""Entries after which it is looked whether there are too many."""
_LOOK = 86_400.0
"""Seconds between two looks at whether some are too old: each deletion is an entry itself."""


class AuditTable:
    """The table of the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, at: float, event: str, fields: str) -> None:
        """Add an entry soon; returns at once."""
        self._database.write_soon(
            "an entry of the audit log", lambda connection: _append(connection, at, event, fields)
        )

    async def since(self, at: float = 0.0) -> list[Record]:
        """Return the entries from *at* on (seconds since the epoch), the oldest first; raises ServiceError."""

        def read(connection: sqlite3.Connection) -> list[Record]:
            rows = connection.execute(
                "SELECT id, at, event, fields, digest FROM audit WHERE at >= ? ORDER BY id", (at,)
            )
            return [Record(*row) for row in rows]

        return await self._database.read(read)

    async def last(self) -> int:
        """Return the number that was given last, 0 where none was; raises ServiceError."""

        def read(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
            return int(row[0]) if row else 0

        return await self._database.read(read)

    async def prune(self, seconds: float) -> None:
        """Delete what is older than *seconds*, all of it for 0; raises ServiceError."""
        oldest = time.time() - seconds
        await self._database.write(lambda connection: _prune(connection, oldest) if seconds else _empty(connection))

    async def expire(self, seconds: float) -> None:
        """Prune from time to time, until cancelled; where nothing is to be kept, once."""
        while True:
            try:
                if clock_is_set() or not seconds:  # a box that does not know the time yet would delete by a wrong one
                    await self.prune(seconds)
            except ServiceError as error:
                log.error("what is too old for the audit log cannot be deleted: %s", error)
            if not seconds:
                return
            await asyncio.sleep(_LOOK)


def _append(connection: sqlite3.Connection, at: float, event: str, fields: str) -> None:
    if _add(connection, at, event, fields) % _BLOCK == 0:
        _prune(connection, 0.0)


def _add(connection: sqlite3.Connection, at: float, event: str, fields: str) -> int:
    """Add an entry and return its number."""
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")  # no other process may add one in between
    before = connection.execute("SELECT digest FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    query = "INSERT INTO audit (at, event, fields, digest) VALUES (?, ?, ?, '')"
    id_ = int(connection.execute(query, (at, event, fields)).lastrowid or 0)
    digest = chained(before[0] if before else "", id_, at, event, fields)
    connection.execute("UPDATE audit SET digest = ? WHERE id = ?", (digest, id_))
    return id_


def _prune(connection: sqlite3.Connection, oldest: float) -> None:
    """Delete from the beginning what is older than *oldest*, or too much; an entry says where the chain goes on."""
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")
    first, last = connection.execute("SELECT min(id), max(id) FROM audit").fetchone()
    if first is None:
        return
    (young,) = connection.execute("SELECT coalesce(min(id), ?) FROM audit WHERE at >= ?", (last + 1, oldest)).fetchone()
    through = max(young - 1, last - _MOST)
    if through < first:
        return
    (chain,) = connection.execute("SELECT digest FROM audit WHERE id = ?", (through,)).fetchone()
    _add(connection, time.time(), Event.PRUNED, packed({"through": through, "chain": chain}))
    connection.execute("DELETE FROM audit WHERE id <= ?", (through,))


def _empty(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM audit")
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'audit'")
