"""What is kept on this machine, where, and how much of it there is."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.backup import Places
from assistant.paths import cache_folder, data_folder, models_folder
from assistant.privacy.readers import PRIVATE, readers
from assistant.state.damage import DAMAGED

__all__ = ["Kept", "kept"]

_SAID = ("history", "list_items", "timers", "paraphrases")
"""Tables that hold words of people."""
_TABLES = (*_SAID, "receipts", "ledger", "access_keys", "audit")
"""Tables that are counted."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of thing that is kept."""

    what: str
    """What it is."""
    where: str
    """Path of the file or folder."""
    size: int
    """Bytes."""
    readers: str
    """Who can read it: `owner`, `group NAME` or `everybody`."""
    content: bool = False
    """Whether it holds anything that was said."""
    fault: str = ""
    """What is wrong about who can read it; empty where nothing is."""


def kept(places: Places, keep: str) -> list[Kept]:
    """Return everything that is kept; *keep* is the setting `history.keep`."""
    state, database = places.state, places.state / "assistant.db"
    counts, oldest = _counted(database)
    said = "nothing of what was said"
    if counts["history"]:
        since = time.strftime("%d %b %Y %H:%M", time.localtime(oldest))
        said = f"{counts['history']} things said, with their answers, since {since}"
    setting = f"history.keep: {keep}" if keep else "history.keep is not set"
    copies = sorted([*state.glob("assistant.db.*.bak"), *state.glob(f"assistant.db{DAMAGED}*")])
    rows = [
        _row(
            "configuration", places.config.parent, [places.path(name) for name in places.names() if "config/" in name]
        ),
        _row(
            f"database: {said} ({setting}); {counts['list_items']} things on lists; "
            f"{counts['timers']} timers and reminders; {counts['paraphrases']} learnt paraphrases; "
            f"{counts['receipts']} receipts (times and names); {counts['ledger']} acts in the house (things, states); "
            f"{counts['access_keys']} keys (digests); {counts['audit']} entries of the audit log (keys, tools, times)",
            database,
            [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))],
            content=any(counts[table] for table in _SAID),
            private=True,
        ),
        _row("key for programs of this machine", state / "api-key", [state / "api-key"], private=True),
        *(_row("copy of the database", copy, [copy], content=True, private=True) for copy in copies),
        _row("backup of before an upgrade", places.backups, places.backups.glob("*"), content=True, private=True),
        _row("models", models_folder(), models_folder().rglob("*")),
        _row("single-file plugins", data_folder() / "plugins", (data_folder() / "plugins").glob("*.py")),
        _row("what only saves time (no content)", cache_folder(), cache_folder().rglob("*")),
    ]
    return [row for row in rows if row is not None]


def _row(what: str, where: Path, files: Iterable[Path], *, content: bool = False, private: bool = False) -> Kept | None:
    """Return what some files amount to, None where there are none; who can read *private* ones may be a fault."""
    found = list(_there(files))
    if not found:
        return None
    able = {readers(file) for file in found}
    widest = max(able, key=lambda who: (who == "everybody", who != PRIVATE))
    fault = f"only its owner should be able to: chmod 600 {where}" if private and widest != PRIVATE else ""
    return Kept(what, str(where), sum(file.stat().st_size for file in found), widest, content, fault)


def _there(files: Iterable[Path]) -> Iterator[Path]:
    return (file for file in files if file.is_file())


def _counted(database: Path) -> tuple[Counter[str], float]:
    """Return how many rows each table has, and when the first thing was said; nothing where nobody can tell."""
    counts, oldest = Counter[str](), 0.0
    if not database.is_file():
        return counts, oldest
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in known.intersection(_TABLES):
                (counts[table],) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            if "history" in known:
                (oldest,) = connection.execute("SELECT coalesce(min(started), 0) FROM history").fetchone()
    except sqlite3.Error:
        return Counter(), 0.0
    return counts, oldest
