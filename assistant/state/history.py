"""What was said and what was heard of the answer, where the owner wants it kept."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable

from assistant.clock import clock_is_set
from assistant.errors import ServiceError
from assistant.pipeline.conversation import Exchange
from assistant.state.database import Database

__all__ = ["History"]

log = logging.getLogger(__name__)

_LOOK = 600.0
"""Seconds between two looks at whether something is old enough to be deleted."""


class History:
    """The table of what was said. Nothing comes into it unless `history.keep` is set."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keeping(self, seconds: float) -> Callable[[Exchange], None]:
        """Return what stores an exchange soon; with 0 seconds, nothing is."""

        def keep(exchange: Exchange) -> None:
            self._database.write_soon(
                f"what was said in turn {exchange.turn}", lambda connection: _write(connection, exchange)
            )

        return keep if seconds else lambda exchange: None

    async def purge(self, seconds: float) -> int:
        """Delete what is older than *seconds* and overwrite it; return how much that was. Raises ServiceError."""
        oldest = time.time() - seconds if seconds else float("inf")

        def delete(connection: sqlite3.Connection) -> int:
            with connection:
                deleted = connection.execute("DELETE FROM history WHERE started < ?", (oldest,)).rowcount
            if deleted:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return deleted

        return await self._database.rewrite(delete)

    async def expire(self, seconds: float) -> None:
        """Purge from time to time, until cancelled; where nothing is to be kept, once."""
        failed = False
        while True:
            try:
                if clock_is_set() or not seconds:  # a box that does not know the time yet would delete by a wrong one
                    await self.purge(seconds)
                failed = False
            except ServiceError as error:
                if not failed:
                    log.error("what is too old to be kept cannot be deleted: %s", error)
                failed = True
            if not seconds and not failed:
                return
            await asyncio.sleep(_LOOK)

    async def latest(self, most: int = 20) -> list[Exchange]:
        """Return what was said last, the newest first; raises ServiceError."""

        def read(connection: sqlite3.Connection) -> list[Exchange]:
            rows = connection.execute("SELECT * FROM history ORDER BY started DESC LIMIT ?", (most,))
            return [Exchange(*row) for row in rows]

        return await self._database.read(read)


def _write(connection: sqlite3.Connection, exchange: Exchange) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            exchange.turn,
            exchange.started,
            exchange.device,
            exchange.assistant,
            exchange.said,
            exchange.heard,
            exchange.person,
        ),
    )
