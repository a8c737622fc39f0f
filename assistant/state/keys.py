"""What is kept of the named keys: digests, never a key."""

import json
import sqlite3

from assistant.access import Scope
from assistant.access.keys import Key
from assistant.state.database import Database

__all__ = ["KeyTable"]


class KeyTable:
    """The table of keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Key]:
        """Return all; raises ServiceError."""

        def read(connection: sqlite3.Connection) -> list[Key]:
            rows = connection.execute("SELECT name, digest, scopes, created, expires, used FROM access_keys")
            return [_key(*row) for row in rows]

        return await self._database.read(read)

    async def add(self, key: Key) -> None:
        """Store a key; raises ServiceError."""
        row = (key.name, key.digest, json.dumps(sorted(key.scopes)), key.created, key.expires, key.used)
        await self._database.write(
            lambda connection: connection.execute("INSERT INTO access_keys VALUES (?, ?, ?, ?, ?, ?)", row)
        )

    async def remove(self, name: str) -> None:
        """Delete a key; raises ServiceError."""
        await self._database.write(
            lambda connection: connection.execute("DELETE FROM access_keys WHERE name = ?", (name,))
        )

    def use(self, name: str, at: float) -> None:
        """Note soon when a key was used."""
        self._database.write_soon(
            "when a key was used",
            lambda connection: connection.execute("UPDATE access_keys SET used = ? WHERE name = ?", (at, name)),
        )


def _key(name: str, digest: bytes, scopes: str, created: float, expires: float | None, used: float | None) -> Key:
    known = frozenset(Scope(scope) for scope in json.loads(scopes) if scope in list(Scope))
    return Key(name, digest, known, created, expires, used)
