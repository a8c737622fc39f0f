"""Forget what was said: in the database, and in every copy of it in the state folder."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.config.assistants import DeviceConfig
from assistant.state.damage import DAMAGED

__all__ = ["ALL", "BACKUPS", "Extent", "Forgotten", "forget_in", "forget_in_copies"]

BACKUPS = "backups"
"""Folder in the state folder in which an upgrade keeps what was before it."""
_AT_THEIRS = "device IN (SELECT value FROM json_each(:devices))"
_TURN = "coalesce((SELECT person FROM receipts WHERE receipts.turn = ledger.turn), '')"
"""Who asked for what the ledger has."""


def _theirs(person: str) -> str:
    """Return which rows are a person's, by what says so; those from before persons were noted tell only the device."""
    return f"({person} = :person OR ({person} = '' AND {_AT_THEIRS}))"


_TABLES = {
    "history": _theirs("person"),
    "ledger": _theirs(_TURN),
    "receipts": _theirs("person"),
    "paraphrases": "person = :person",
    "list_items": "person = :person",
    "timers": "json_extract(timer, '$.person') = :person",
}
"""Tables with a column `started` whose rows tell what happened, or hold what was said; and which rows are a person's.

The ledger goes before the receipts, which tell whose turn it was.
"""


@dataclass(frozen=True, slots=True)
class Extent:
    """What is to be forgotten."""

    since: float = 0.0
    """What happened from then on, in seconds since the epoch; 0 is everything."""
    person: str = ""
    """Whose: what this person said, had done and was answered; empty for everybody's."""
    devices: tuple[str, ...] = ()
    """The person's own devices, for what was written before persons were noted."""

    @classmethod
    def of(cls, since: float, person: str, devices: Mapping[str, DeviceConfig]) -> "Extent":
        """Return what a person said from *since* on, at which of *devices* soever."""
        own = (name for name, device in devices.items() if person and device.person == person)
        return cls(since, person, tuple(own))


ALL = Extent()
"""Everything."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted."""

    exchanges: int = 0
    """Things said, each with its answer."""
    receipts: int = 0
    """Receipts of turns."""
    paraphrases: int = 0
    """Sentences that were learnt to mean others."""
    items: int = 0
    """Things that were said to be put on lists."""
    timers: int = 0
    """Timers, alarms and reminders, those that were still to ring as well."""
    acts: int = 0
    """Entries of what was done to things of the house."""
    files: tuple[str, ...] = ()
    """Names of copies of the state that may have held it and were deleted whole."""


def forget_in(connection: sqlite3.Connection, extent: Extent) -> Forgotten:
    """Delete what *extent* names, such that no byte of it stays in the files.

    What is deleted is overwritten, the database written anew without gaps, and its write-ahead log cut to nothing.
    """
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    given = {"since": extent.since, "person": extent.person, "devices": json.dumps(extent.devices)}
    gone = dict.fromkeys(_TABLES, 0)
    with connection:
        for table, whose in _TABLES.items():
            if table in known:
                theirs = f" AND {whose}" if extent.person else ""
                rows = f"DELETE FROM {table} WHERE started >= :since{theirs}"  # noqa: S608
                gone[table] = connection.execute(rows, given).rowcount
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Forgotten(
        exchanges=gone["history"],
        receipts=gone["receipts"],
        paraphrases=gone["paraphrases"],
        items=gone["list_items"],
        timers=gone["timers"],
        acts=gone["ledger"],
    )


def forget_in_copies(file: Path, extent: Extent) -> tuple[str, ...]:
    """Forget in the copies of a database beside it; return the names of those that were deleted whole.

    A copy that was made before a migration is changed like the database itself. One that cannot be read, does not tell
    whose things are, or is packed, is deleted where it was written in that time.
    """
    folder, deleted = file.parent, []
    for copy in folder.glob(f"{file.name}.*.bak"):
        try:
            with closing(sqlite3.connect(copy)) as connection:
                forget_in(connection, extent)
        except sqlite3.Error:
            copy.unlink(missing_ok=True)
            deleted.append(copy.name)
    for copy in [*folder.glob(f"{file.name}{DAMAGED}*"), *(folder / BACKUPS).glob("*")]:
        if copy.is_file() and copy.stat().st_mtime >= extent.since:
            copy.unlink(missing_ok=True)
            deleted.append(copy.name)
    return tuple(sorted(deleted))
