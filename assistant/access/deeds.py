"""What turns did, told to the audit log: tools by their names, acts in the house by their services, no content."""

from collections import Counter
from collections.abc import Callable, Sequence

from assistant.access.audit import Audit, Event
from assistant.home.ledger import Entry, Keeper
from assistant.pipeline.receipt import Receipt

__all__ = ["Witness", "witnessed"]


def witnessed(keep: Callable[[Receipt], None], audit: Audit) -> Callable[[Receipt], None]:
    """Return what keeps a receipt, and tells of the tools that its turn called."""

    def kept(receipt: Receipt) -> None:
        keep(receipt)
        for action in receipt.actions:
            audit.record(
                Event.TOOL,
                tool=action.name,
                risk=action.risk,
                outcome=action.outcome,
                confirmed="yes" if action.confirmed else "no",
                turn=receipt.turn,
                device=receipt.device,
            )

    return kept


class Witness:
    """A ledger that tells what it is told: how many things, not which, for the ledger can be forgotten."""

    def __init__(self, ledger: Keeper, audit: Audit) -> None:
        self._ledger = ledger
        self._audit = audit

    def keep(self, entries: Sequence[Entry]) -> None:
        """Store entries soon; returns at once."""
        self._ledger.keep(entries)
        for (service, turn, device), things in Counter((e.service, e.turn, e.device) for e in entries).items():
            self._audit.record(Event.ACT, service=service, things=things, turn=turn, device=device)

    def take_back(self, turn: str) -> None:
        """Note soon that what a turn did is not to be taken back again."""
        self._ledger.take_back(turn)

    async def latest(self, device: str, since: float) -> list[Entry]:
        """Return what the last turn at a device did, if from *since* on (seconds since the epoch), and was left so."""
        return await self._ledger.latest(device, since)
