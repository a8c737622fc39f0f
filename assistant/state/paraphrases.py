"""Sentences of one's own that were learnt to mean one that is understood."""

import sqlite3
import time

from assistant.pipeline.paraphrases import Paraphrase
from assistant.state.database import Database

__all__ = ["Paraphrases"]

_MOST = 1000
"""Paraphrases that are kept; the oldest go first."""
_COLUMNS = "text, language, sentence, started, uses"


class Paraphrases:
    """The table of paraphrases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, text: str, language: str) -> Paraphrase | None:
        """Return what was learnt of *text*, plain; raises ServiceError."""

        def read(connection: sqlite3.Connection) -> Paraphrase | None:
            query = f"SELECT {_COLUMNS} FROM paraphrases WHERE text = ? AND language = ?"  # noqa: S608
            row = connection.execute(query, (text, language)).fetchone()
            return Paraphrase(*row) if row else None

        return await self._database.read(read)

    async def all(self) -> list[Paraphrase]:
        """Return all that was learnt, the newest first; raises ServiceError."""

        def read(connection: sqlite3.Connection) -> list[Paraphrase]:
            query = f"SELECT {_COLUMNS} FROM paraphrases ORDER BY rowid DESC"  # noqa: S608
            return [Paraphrase(*row) for row in connection.execute(query)]

        return await self._database.read(read)

    async def learn(self, text: str, language: str, sentence: str, person: str = "") -> None:
        """Keep what a person means by *text*, plain; raises ServiceError."""

        def write(connection: sqlite3.Connection) -> None:
            row = (text, language, sentence, time.time(), 0, person)
            connection.execute("INSERT OR REPLACE INTO paraphrases VALUES (?, ?, ?, ?, ?, ?)", row)
            connection.execute(
                "DELETE FROM paraphrases WHERE rowid IN "
                "(SELECT rowid FROM paraphrases ORDER BY rowid DESC LIMIT -1 OFFSET ?)",
                (_MOST,),
            )

        await self._database.write(write)

    def use(self, paraphrase: Paraphrase) -> None:
        """Note soon that it was said once more."""

        def write(connection: sqlite3.Connection) -> None:
            query = "UPDATE paraphrases SET uses = uses + 1 WHERE text = ? AND language = ?"
            connection.execute(query, (paraphrase.text, paraphrase.language))

        self._database.write_soon("a paraphrase", write)

    async def forget(self, text: str = "") -> int:
        """Delete what was learnt of *text*, plain, in any language, or all of it where it is empty, such that no byte
        of it stays in the files; return how much that was. Raises ServiceError."""

        def delete(connection: sqlite3.Connection) -> int:
            with connection:
                deleted = connection.execute("DELETE FROM paraphrases WHERE ? IN ('', text)", (text,)).rowcount
            if deleted:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return deleted

        return await self._database.rewrite(delete)
