"""What was done to the house: which thing, when, from which state to which; nothing of what was said."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from assistant.entities import Entity
from assistant.home.ledger import Entry
from assistant.state.database import Database

__all__ = ["Ledger"]

_MOST = 5_000
"""Entries that are kept; the oldest go first. About 3 MB."""
_COLUMNS = "turn, started, device, service, entity, name, before, after, taken_back"


class Ledger:
    """The table of what was done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, entries: Sequence[Entry]) -> None:
        """Store entries soon; returns at once."""
        self._database.write_soon(
            f"what turn {entries[0].turn} did to the house", lambda connection: _write(connection, entries)
        )

    def take_back(self, turn: str) -> None:
        """Note soon that what a turn did is not to be taken back again."""
        self._database.write_soon(
            f"that turn {turn} was taken back",
            lambda connection: connection.execute("UPDATE ledger SET taken_back = 1 WHERE turn = ?", (turn,)),
        )

    async def latest(self, device: str, since: float) -> list[Entry]:
        """Return what the last turn at a device did, if from *since* on (seconds since the epoch), and was left so.

        Raises ServiceError.
        """
        return await self._database.read(lambda connection: _read(connection, device, since))


def _write(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    connection.executemany(
        f"INSERT INTO ledger ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        [
            (
                entry.turn,
                entry.started,
                entry.device,
                entry.service,
                entry.before.id,
                entry.before.name,
                _packed(entry.before),
                _packed(entry.after),
                entry.taken_back,
            )
            for entry in entries
        ],
    )
    connection.execute("DELETE FROM ledger WHERE id <= (SELECT max(id) FROM ledger) - ?", (_MOST,))


def _read(connection: sqlite3.Connection, device: str, since: float) -> list[Entry]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM ledger WHERE turn = (SELECT turn FROM ledger"  # noqa: S608
        " WHERE device = ? AND started >= ? AND NOT taken_back ORDER BY id DESC LIMIT 1)"
        " AND NOT taken_back ORDER BY id",
        (device, since),
    )
    return [
        Entry(turn, started, at, service, _unpacked(id_, name, before), _unpacked(id_, name, after), bool(taken_back))
        for turn, started, at, service, id_, name, before, after, taken_back in rows
    ]


def _packed(entity: Entity) -> str:
    return json.dumps({"state": entity.state, "attributes": dict(entity.attributes)})


def _unpacked(id_: str, name: str, text: str) -> Entity:
    packed: dict[str, Any] = json.loads(text)
    return Entity(id_, name, state=packed["state"], attributes=packed["attributes"])
