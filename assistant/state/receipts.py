"""The receipts of turns: times and names, no content."""

import json
import sqlite3
from dataclasses import asdict
from typing import Any

from assistant.chat import Usage
from assistant.pipeline.receipt import Action, Drafting, Receipt
from assistant.routing import Step
from assistant.state.database import Database

__all__ = ["Receipts"]

_MOST = 20_000
"""Receipts that are kept; the oldest go first. About 6 MB."""


class Receipts:
    """The table of receipts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, receipt: Receipt) -> None:
        """Store a receipt soon."""
        self._database.write_soon(f"the receipt of turn {receipt.turn}", lambda connection: _write(connection, receipt))

    async def find(self, turn: str) -> list[Receipt]:
        """Return the receipts of the turns whose name begins with *turn*, the last first; raises ServiceError."""
        return await self._database.read(lambda connection: _find(connection, turn))

    async def latest(self, most: int = 20) -> list[Receipt]:
        """Return the latest receipts, the one kept last first, whatever the clock said; raises ServiceError."""
        return await self._database.read(lambda connection: _read(connection, most))


def _write(connection: sqlite3.Connection, receipt: Receipt) -> None:
    usage = receipt.usage
    connection.execute(
        "INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            receipt.clock_set,
            json.dumps([asdict(action) for action in receipt.actions]),
            receipt.rung,
            receipt.person,
            json.dumps([asdict(step) for step in receipt.route]),
        ),
    )
    connection.execute(
        "DELETE FROM receipts WHERE turn IN (SELECT turn FROM receipts ORDER BY rowid DESC LIMIT -1 OFFSET ?)",
        (_MOST,),
    )


def _read(connection: sqlite3.Connection, most: int) -> list[Receipt]:
    rows = connection.execute("SELECT * FROM receipts ORDER BY rowid DESC LIMIT ?", (most,))
    return [_receipt(*row) for row in rows]


def _find(connection: sqlite3.Connection, turn: str) -> list[Receipt]:
    rows = connection.execute(
        "SELECT * FROM receipts WHERE substr(turn, 1, ?) = ? ORDER BY rowid DESC", (len(turn), turn)
    )
    return [_receipt(*row) for row in rows]


def _receipt(*row: Any) -> Receipt:
    """Make a receipt of a row of the table, whose columns are in the order of the fields."""
    turn, started, device, assistant, outcome, word, score, models, parts, _, *tokens = row[:-8]
    work, drafting, certainty, clock_set, actions, rung, person, route = row[-8:]
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
        bool(clock_set),
        tuple(Action(**action) for action in json.loads(actions)),
        rung,
        person,
        tuple(Step(**step) for step in json.loads(route)),
    )
