"""What keeps timers over a restart."""

from collections.abc import Sequence
from typing import Protocol

from assistant.timers.timeline import Sighting
from assistant.timers.timer import Timer

__all__ = ["Store"]


class Store(Protocol):
    """Keeps timers; each method raises ServiceError."""

    async def read(self) -> Sequence[Timer]:
        """Return every timer."""
        ...

    async def add(self, timer: Timer) -> Timer:
        """Store a new timer and return it with its number."""
        ...

    async def change(self, timers: Sequence[Timer]) -> Sequence[Timer]:
        """Store changed timers and return them; those that somebody else has changed are left out."""
        ...

    async def remove(self, timers: Sequence[Timer]) -> Sequence[Timer]:
        """Delete timers and return them; those that somebody else has changed are left out."""
        ...

    async def revision(self) -> int:
        """Return a number that changes when another process writes."""
        ...

    async def seen(self) -> Sighting | None:
        """Return the clocks as they were stored last."""
        ...

    async def see(self, sighting: Sighting, timers: Sequence[Timer] = ()) -> Sequence[Timer]:
        """Store the clocks, and changed timers with them; return these as `change` does."""
        ...
