"""What survives a restart: one SQLite file in the state folder, migrated forward, backed up before a migration."""

import json
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from assistant.chat import Usage
from assistant.errors import ServiceError
from assistant.pipeline.receipt import Drafting, Receipt
from assistant.streams import in_thread

__all__ = ["State"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_MIGRATIONS = (
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
)
"""The steps from an empty database to the present one, each of statements with semicolons between them; a step that
was released is never changed."""

_RECEIPTS = 20_000
"""Receipts that are kept; the oldest go first. About 6 MB."""


class State:
    """The database, used by one thread of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._database: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the database, and bring it to the present form; raises ServiceError where that cannot be done."""
        await self._do(self._open)

    async def close(self) -> None:
        """Finish what is being written and close the database."""
        await self._do(self._close)
        self._thread.shutdown(wait=False)

    def keep(self, receipt: Receipt) -> None:
        """Store a receipt soon; a failure is logged, because no turn may fail by its receipt."""

        def write() -> None:
            try:
                self._write(receipt)
            except sqlite3.Error as error:
                log.error("the receipt of turn %s is not kept: %s", receipt.turn, error)

        try:
            self._thread.submit(write)
        except RuntimeError:
            log.error("the receipt of turn %s is not kept: the database is closed", receipt.turn)

    async def receipts(self, most: int = 20) -> list[Receipt]:
        """Return the latest receipts, the newest first."""
        return await self._do(lambda: self._read(most))

    async def _do(self, call: Callable[[], T]) -> T:
        return await in_thread(call, self._thread)

    def _open(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._database = sqlite3.connect(self._file)
            self._file.chmod(0o600)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._migrate(self._database)
        except (sqlite3.Error, OSError) as error:
            self._close()
            raise self._failure("opened", error) from None
        except ServiceError:
            self._close()
            raise

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = None

    def _failure(self, what: str, error: Exception) -> ServiceError:
        return ServiceError(
            f"{self._file}: the database cannot be {what}: {error}",
            hint="check the folder's permissions and the disk; move the file away to start afresh",
        )

    def _migrate(self, database: sqlite3.Connection) -> None:
        version = _version(database)
        if version > len(_MIGRATIONS):
            raise ServiceError(
                f"{self._file}: written by a newer version of Inglenook", hint="upgrade, or restore a backup"
            )
        if version == len(_MIGRATIONS):
            return
        if version:
            backup = self._file.with_name(f"{self._file.name}.{version}.bak")
            backup.touch(0o600)
            with closing(sqlite3.connect(backup)) as copy:
                database.backup(copy)
        database.execute("BEGIN IMMEDIATE")  # one process migrates; another that starts now waits here
        for step in range(_version(database), len(_MIGRATIONS)):
            for statement in _MIGRATIONS[step].split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {step + 1}")
        database.commit()

    def _write(self, receipt: Receipt) -> None:
        database = self._database
        if database is None:
            return
        usage = receipt.usage
        with database:
            database.execute(
                "INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    receipt.turn,
                    receipt.started,
                    receipt.device,
                    receipt.assistant,
                    receipt.outcome,
                    receipt.wake_word,
                    receipt.wake_score,
                    json.dumps(dict(receipt.models)),
                    json.dumps(dict(receipt.parts)),
                    receipt.voice_to_voice,
                    usage.prompt_tokens,
                    usage.cached_tokens,
                    usage.completion_tokens,
                    json.dumps(dict(receipt.work)),
                    json.dumps(asdict(receipt.drafting)),
                    receipt.certainty,
                ),
            )
            database.execute(
                "DELETE FROM receipts WHERE turn IN"
                " (SELECT turn FROM receipts ORDER BY started DESC LIMIT -1 OFFSET ?)",
                (_RECEIPTS,),
            )

    def _read(self, most: int) -> list[Receipt]:
        if self._database is None:
            return []
        try:
            rows = self._database.execute("SELECT * FROM receipts ORDER BY started DESC LIMIT ?", (most,))
            return [_receipt(*row) for row in rows]
        except (sqlite3.Error, ValueError) as error:
            raise self._failure("read", error) from None


def _version(database: sqlite3.Connection) -> int:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return int(version)


def _receipt(*row: Any) -> Receipt:
    """Make a receipt of a row of the table, whose columns are in the order of the fields."""
    turn, started, device, assistant, outcome, word, score, models, parts, _, *tokens, work, drafting, certainty = row
    return Receipt(
        turn,
        started,
        device,
        assistant,
        outcome,
        word,
        score,
        json.loads(models),
        json.loads(parts),
        Usage(*tokens),
        json.loads(work),
        Drafting(**json.loads(drafting)),
        certainty,
    )
