"""What was done to the house, kept so that it can be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.entities import Entity

__all__ = ["Entry", "Keeper", "NoLedger"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was told to do something."""

    turn: str
    """The turn's name in events and receipts."""
    started: float
    """Seconds since the epoch."""
    device: str
    """Where it was asked for: a device's or a door's name."""
    service: str
    """What it was told: `light.turn_on`."""
    before: Entity
    """The thing as it was, as far as that is needed to bring it back."""
    after: Entity
    """The thing as it was read last, in the same detail."""
    taken_back: bool = False
    """Whether it took something back, and is not taken back itself."""


class Keeper(Protocol):
    """Keeps entries."""

    def keep(self, entries: Sequence[Entry]) -> None:
        """Store entries soon; returns at once."""
        ...

    def take_back(self, turn: str) -> None:
        """Note soon that what a turn did is not to be taken back again."""
        ...

    async def latest(self, device: str, since: float) -> list[Entry]:
        """Return what the last turn at a device did, if from *since* on (seconds since the epoch), and was left so."""
        ...


class NoLedger:
    """Keeps nothing."""

    def keep(self, entries: Sequence[Entry]) -> None:
        """Keep nothing."""

    def take_back(self, turn: str) -> None:
        """Note nothing."""

    async def latest(self, device: str, since: float) -> list[Entry]:
        """Return nothing."""
        return []
