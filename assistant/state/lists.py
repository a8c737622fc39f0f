"""What stands on lists: what is to be bought, and to be done."""

import sqlite3
import time
from collections.abc import Sequence

from assistant.state.database import Database

__all__ = ["Lists"]


class Lists:
    """The table of what stands on lists. There is a list where something stands on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def names(self) -> dict[str, int]:
        """Return the lists, and how much stands on each; raises ServiceError."""
        rows = "SELECT list, count(*) FROM list_items GROUP BY list ORDER BY min(id)"
        return await self._database.read(lambda connection: dict(connection.execute(rows).fetchall()))

    async def items(self, list_: str) -> tuple[str, ...]:
        """Return what stands on a list, in the order in which it was added; raises ServiceError."""
        return await self._database.read(lambda connection: _items(connection, list_))

    async def add(self, list_: str, items: Sequence[str], person: str = "") -> tuple[str, ...]:
        """Write *items* of a person on a list, but none that stands there; return those that were added.

        Raises ServiceError.
        """

        def write(connection: sqlite3.Connection) -> tuple[str, ...]:
            there = {item.casefold() for item in _items(connection, list_)}
            new: dict[str, str] = {}
            for item in items:
                if item.casefold() not in there:
                    new.setdefault(item.casefold(), item)
            connection.executemany(
                "INSERT INTO list_items (list, item, started, person) VALUES (?, ?, ?, ?)",
                [(list_, item, time.time(), person) for item in new.values()],
            )
            return tuple(new.values())

        return await self._database.write(write)

    async def remove(self, list_: str, items: Sequence[str]) -> None:
        """Take *items* off a list, as they stand there; raises ServiceError."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "DELETE FROM list_items WHERE list = ? AND item = ?", [(list_, item) for item in items]
            )

        await self._database.write(delete)


def _items(connection: sqlite3.Connection, list_: str) -> tuple[str, ...]:
    rows = connection.execute("SELECT item FROM list_items WHERE list = ? ORDER BY id", (list_,))
    return tuple(item for (item,) in rows)
