"""A database that cannot be read is moved out of the way: a home's assistant must come up."""

import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path

__all__ = ["DAMAGED", "set_aside_if_damaged"]

log = logging.getLogger(__name__)

DAMAGED = ".damaged-"
"""What stands between the name of a database that was set aside and the moment."""
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def set_aside_if_damaged(file: Path) -> Path | None:
    """Move a damaged database aside, under a name that says when; return that name, or None where it is well.

    To be called by whoever holds the lock of the state folder. A file that cannot be opened for another reason
    (permissions, a full disk, a newer version) stays where it is.
    """
    damage = _damage(file)
    if not damage:
        return None
    aside = file.with_name(f"{file.name}{DAMAGED}{time.strftime('%Y%m%d-%H%M%S')}")
    for end in ("", "-wal", "-shm"):
        part = file.with_name(file.name + end)
        if part.exists():
            part.rename(aside.with_name(aside.name + end))
    log.error(
        "%s is damaged (%s): it is kept as %s, and a new one begun; volume and receipts begin anew, a mute stays "
        "(`assistant backup restore FILE` brings back what a backup holds)",
        file,
        damage,
        aside.name,
    )
    return aside


def _damage(file: Path) -> str:
    """Return what is wrong with the content of a database; empty where nothing is, or nothing can be told."""
    if not file.is_file():
        return ""
    if file.stat().st_size == 0:
        return "it is empty"
    try:
        with closing(sqlite3.connect(file)) as database:
            (finding,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error) if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN else ""
    return "" if finding == "ok" else str(finding)
