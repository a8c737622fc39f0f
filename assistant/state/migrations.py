"""The form of the database: the steps from an empty file to the present one."""

import sqlite3
from contextlib import closing
from pathlib import Path

from assistant.errors import ServiceError

__all__ = ["MIGRATIONS", "migrate", "version"]

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE receipts (
        turn TEXT PRIMARY KEY,
        started REAL NOT NULL,
        device TEXT NOT NULL,
        assistant TEXT NOT NULL,
        outcome TEXT NOT NULL,
        wake_word TEXT NOT NULL,
        wake_score REAL NOT NULL,
        models TEXT NOT NULL,
        parts TEXT NOT NULL,
        voice_to_voice REAL NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL
    );
    CREATE INDEX receipts_started ON receipts (started);
    """,
    """
    ALTER TABLE receipts ADD COLUMN work TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE receipts ADD COLUMN drafting TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE receipts ADD COLUMN certainty REAL;
    """,
    """
    CREATE TABLE history (
        turn TEXT PRIMARY KEY,
        started REAL NOT NULL,
        device TEXT NOT NULL,
        assistant TEXT NOT NULL,
        said TEXT NOT NULL,
        heard TEXT NOT NULL
    );
    CREATE INDEX history_started ON history (started);
    """,
    """
    CREATE TABLE devices (name TEXT PRIMARY KEY, settings TEXT NOT NULL);
    ALTER TABLE receipts ADD COLUMN clock_set INTEGER NOT NULL DEFAULT 1;
    """,
    """
    CREATE TABLE timers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        started REAL NOT NULL,
        over INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        timer TEXT NOT NULL
    );
    CREATE TABLE clocks (id INTEGER PRIMARY KEY CHECK (id = 1), sighting TEXT NOT NULL);
    """,
    """
    ALTER TABLE receipts ADD COLUMN actions TEXT NOT NULL DEFAULT '[]';
    """,
    """
    CREATE TABLE ledger (
        id INTEGER PRIMARY KEY,
        turn TEXT NOT NULL,
        started REAL NOT NULL,
        device TEXT NOT NULL,
        service TEXT NOT NULL,
        entity TEXT NOT NULL,
        name TEXT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        taken_back INTEGER NOT NULL
    );
    CREATE INDEX ledger_started ON ledger (started);
    """,
    """
    ALTER TABLE receipts ADD COLUMN rung TEXT NOT NULL DEFAULT '';
    CREATE TABLE paraphrases (
        text TEXT NOT NULL,
        language TEXT NOT NULL,
        sentence TEXT NOT NULL,
        started REAL NOT NULL,
        uses INTEGER NOT NULL,
        PRIMARY KEY (text, language)
    );
    """,
    """
    CREATE TABLE list_items (
        id INTEGER PRIMARY KEY,
        list TEXT NOT NULL,
        item TEXT NOT NULL,
        started REAL NOT NULL
    );
    """,
    """
    CREATE TABLE access_keys (
        name TEXT PRIMARY KEY,
        digest BLOB NOT NULL,
        scopes TEXT NOT NULL,
        created REAL NOT NULL,
        expires REAL,
        used REAL
    );
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        event TEXT NOT NULL,
        fields TEXT NOT NULL,
        digest TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE receipts ADD COLUMN person TEXT NOT NULL DEFAULT '';
    ALTER TABLE history ADD COLUMN person TEXT NOT NULL DEFAULT '';
    ALTER TABLE paraphrases ADD COLUMN person TEXT NOT NULL DEFAULT '';
    ALTER TABLE list_items ADD COLUMN person TEXT NOT NULL DEFAULT '';
    """,
    """
    ALTER TABLE receipts ADD COLUMN route TEXT NOT NULL DEFAULT '[]';
    """,
)
"""Each step is of statements with semicolons between them; a step that was released is never changed."""


def version(database: sqlite3.Connection) -> int:
    """Return how many of the steps a database has gone."""
    (steps,) = database.execute("PRAGMA user_version").fetchone()
    return int(steps)


def migrate(database: sqlite3.Connection, file: Path) -> None:
    """Bring a database forward, after a backup; raises ServiceError for one of a newer version."""
    if version(database) > len(MIGRATIONS):
        raise ServiceError(f"{file}: written by a newer version of Inglenook", hint="upgrade, or restore a backup")
    if version(database) == len(MIGRATIONS):
        return
    if steps := version(database):
        backup = file.with_name(f"{file.name}.{steps}.bak")
        backup.touch(0o600)
        with closing(sqlite3.connect(backup)) as copy:
            database.backup(copy)
    database.execute("BEGIN IMMEDIATE")  # one process migrates; another that starts now waits here
    for step in range(version(database), len(MIGRATIONS)):
        for statement in MIGRATIONS[step].split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {step + 1}")
    database.commit()
