"""Forget what was said: in the database, and in every copy of it in the state folder."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.state.damage import DAMAGED

__all__ = ["BACKUPS", "Forgotten", "forget_in", "forget_in_copies"]

BACKUPS = "backups"
"""Folder in the state folder in which an upgrade keeps what was before it."""
_TABLES = ("history", "receipts", "ledger", "paraphrases", "list_items", "timers")
"""Tables with a column `started` whose rows tell what happened, or hold what was said."""


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


def forget_in(connection: sqlite3.Connection, since: float) -> Forgotten:
    """Delete what happened from *since* on (seconds since the epoch), such that no byte of it stays in the files.

    What is deleted is overwritten, the database written anew without gaps, and its write-ahead log cut to nothing.
    """
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    with connection:
        exchanges, receipts, acts, paraphrases, items, timers = (
            connection.execute(f"DELETE FROM {table} WHERE started >= ?", (since,)).rowcount  # noqa: S608
            if table in known
            else 0
            for table in _TABLES
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Forgotten(exchanges, receipts, paraphrases, items, timers, acts)


def forget_in_copies(file: Path, since: float) -> tuple[str, ...]:
    """Forget in the copies of a database beside it; return the names of those that were deleted whole.

    A copy that was made before a migration is changed like the database itself. One that cannot be read, or is packed,
    is deleted where it was written after *since*.
    """
    folder, deleted = file.parent, []
    for copy in folder.glob(f"{file.name}.*.bak"):
        try:
            with closing(sqlite3.connect(copy)) as connection:
                forget_in(connection, since)
        except sqlite3.Error:
            copy.unlink(missing_ok=True)
            deleted.append(copy.name)
    for copy in [*folder.glob(f"{file.name}{DAMAGED}*"), *(folder / BACKUPS).glob("*")]:
        if copy.is_file() and copy.stat().st_mtime >= since:
            copy.unlink(missing_ok=True)
            deleted.append(copy.name)
    return tuple(sorted(deleted))
