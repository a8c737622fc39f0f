"""What survives a restart: one SQLite file in the state folder. One file here for each table."""

from pathlib import Path
from types import TracebackType

from assistant.paths import state_folder
from assistant.state.database import Database
from assistant.state.receipts import Receipts

__all__ = ["State", "state_file"]


def state_file() -> Path:
    """Return where the database is."""
    return state_folder() / "assistant.db"


class State:
    """The database and its tables."""

    def __init__(self, file: Path) -> None:
        self._database = Database(file)
        self.receipts = Receipts(self._database)

    async def open(self) -> None:
        """Open the database, and bring it to the present form; raises ServiceError where that cannot be done."""
        await self._database.open()

    async def close(self) -> None:
        """Finish what is being written and close the database."""
        await self._database.close()

    async def __aenter__(self) -> "State":
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
