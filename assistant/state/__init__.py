"""What survives a restart: one SQLite file in the state folder. One file here for each table."""

from dataclasses import replace
from pathlib import Path
from types import TracebackType

from assistant.paths import state_folder
from assistant.state.audit import AuditTable
from assistant.state.database import Database
from assistant.state.devices import Devices
from assistant.state.forgetting import Extent, Forgotten, forget_in, forget_in_copies
from assistant.state.history import History
from assistant.state.keys import KeyTable
from assistant.state.ledger import Ledger
from assistant.state.lists import Lists
from assistant.state.paraphrases import Paraphrases
from assistant.state.receipts import Receipts
from assistant.state.timers import Timers
from assistant.streams import in_thread

__all__ = ["State", "state_file"]


def state_file() -> Path:
    """Return where the database is."""
    return state_folder() / "assistant.db"


class State:
    """The database and its tables."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._database = Database(file)
        self.history = History(self._database)
        self.receipts = Receipts(self._database)
        self.ledger = Ledger(self._database)
        self.paraphrases = Paraphrases(self._database)
        self.lists = Lists(self._database)
        self.devices = Devices(self._database, file.with_name("muted"))
        self.timers = Timers(self._database)
        self.keys = KeyTable(self._database)
        self.audit = AuditTable(self._database)

    async def open(self) -> None:
        """Open the database, and bring it to the present form; raises ServiceError where that cannot be done."""
        await self._database.open()

    async def close(self) -> None:
        """Finish what is being written and close the database."""
        await self._database.close()

    async def forget(self, extent: Extent) -> Forgotten:
        """Delete what was said, and the receipts, as far as *extent* names them.

        No byte of it stays in any file of the state folder. Raises ServiceError.
        """
        forgotten = await self._database.rewrite(lambda connection: forget_in(connection, extent))
        return replace(forgotten, files=await in_thread(lambda: forget_in_copies(self._file, extent)))

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
