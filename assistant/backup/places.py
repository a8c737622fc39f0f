"""Which files belong to a backup, and where each of them lies."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assistant.paths import config_file, state_folder
from assistant.state.damage import DAMAGED
from assistant.state.forgetting import BACKUPS
from assistant.state.lock import FILE as LOCK

__all__ = ["DATABASE", "Places", "copy_database"]

DATABASE = "state/assistant.db"
"""Name of the database in an archive."""
_MAIN = "config/assistant.yaml"
"""Name of the configuration's main file in an archive, whatever it is called here."""
_DATABASE_PARTS = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the configuration and the state of one assistant lie."""

    config: Path
    """The configuration's main file; `conf.d` lies beside it."""
    state: Path
    """The state folder."""

    @classmethod
    def here(cls, config: Path | None = None) -> "Places":
        """Return those of this person or service."""
        return cls(config or config_file(), state_folder())

    def path(self, name: str) -> Path:
        """Return where the file that an archive calls *name* lies."""
        if name == _MAIN:
            return self.config
        top, *rest = PurePosixPath(name).parts
        return (self.config.parent if top == "config" else self.state).joinpath(*rest)

    def names(self) -> list[str]:
        """Return the names of the files that a backup of what is here now holds; the database is among them."""
        return sorted({*self._of_config(), *self._of_state()})

    def _of_config(self) -> Iterator[str]:
        """Yield the main file, `conf.d`, and what else lies beside files in the assistant's own folder."""
        if self.config.is_file():
            yield _MAIN
        folder = self.config.parent
        own = config_file().parent == folder and folder.name in ("inglenook", "config")
        for file in sorted(folder.rglob("*") if own else folder.glob("conf.d/*.yaml")):
            name = f"config/{file.relative_to(folder).as_posix()}"
            if file != self.config and name != _MAIN and _is_plain(file):
                yield name

    def _of_state(self) -> Iterator[str]:
        """Yield the database, the key, and the ids; no locks, no copies, no halves."""
        if (self.state / "assistant.db").is_file():
            yield DATABASE
        for file in sorted(self.state.glob("*")):
            rest = file.name.removeprefix("assistant.db")
            of_database = rest != file.name and (
                not rest or rest in _DATABASE_PARTS or DAMAGED in rest or ".bak" in rest
            )
            if _is_plain(file) and not of_database and file.name != LOCK:
                yield f"state/{file.name}"

    @property
    def backups(self) -> Path:
        """Return the folder in which copies of the state are kept for a while."""
        return self.state / BACKUPS


def _is_plain(file: Path) -> bool:
    """Tell whether a file is one to keep: no link, no folder, no part of something that is being written."""
    return file.is_file() and not file.is_symlink() and not file.name.startswith(".")


def copy_database(database: Path, target: Path) -> None:
    """Copy a database that may be in use, as it is at one moment; raises sqlite3.Error."""
    source = sqlite3.connect(database)
    try:
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, and no log beside it
        finally:
            copy.close()
    finally:
        source.close()
