"""Who waits for an engine, and in what order."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

from assistant.chat import Priority

__all__ = ["ASKER", "REQUEST", "Waiting"]

REQUEST = ContextVar("request", default="")
"""Id of the request that is being answered, set by the door it came through; empty for what nobody gave an id."""
ASKER = ContextVar("asker", default="")
"""Name of the key by which it was asked, set by the door; empty for what nobody asked by a key."""

_ORDER = itertools.count()


@dataclass(order=True, slots=True)
class _Place:
    """A place in the queue; the smaller goes first."""

    priority: Priority
    """Its class."""
    round: int
    """In which round of the queue it has its turn."""
    order: int
    """Arrival."""
    turn: asyncio.Future[None] = field(compare=False)
    """Has a result when it is its turn."""
    asker: str = field(compare=False)
    """Whose it is."""
    request: str = field(compare=False)
    """Its id."""


class Waiting:
    """Those that wait for an engine: by priority, then in turns, so that nobody waits for all that another has asked.

    In a round each asker has one turn, in the order of arrival (round robin).
    """

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._round = 0

    def __len__(self) -> int:
        return sum(1 for _ in self._taken())

    def full(self, most: float) -> bool:
        """Tell whether whoever asks now finds no place where *most* may wait.

        Who has no request there finds one nevertheless, unless nobody may wait: it may be full of somebody else's.
        """
        return len(self) >= most and (not most or any(place.asker == ASKER.get() for place in self._taken()))

    def join(self, priority: Priority) -> asyncio.Future[None]:
        """Let whoever asks wait; what is returned has a result when it is their turn, and is cancelled to leave."""
        turn, asker = asyncio.get_running_loop().create_future(), ASKER.get()
        before = [place.round for place in self._taken() if (place.priority, place.asker) == (priority, asker)]
        round_ = max([self._round, *(round_ + 1 for round_ in before)])
        heapq.heappush(self._places, _Place(priority, round_, next(_ORDER), turn, asker, REQUEST.get()))
        return turn

    def next(self, may: Callable[[Priority], bool]) -> asyncio.Future[None] | None:
        """Take out whose turn it is; None where nobody waits, or that priority *may* not begin yet."""
        while self._places:
            first = self._places[0]
            if not first.turn.done() and not may(first.priority):
                return None
            heapq.heappop(self._places)
            if not first.turn.done():
                self._round = max(self._round, first.round)
                return first.turn
        return None

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the requests that wait, the next one first."""
        return tuple(place.request for place in sorted(self._taken()))

    def _taken(self) -> Iterator[_Place]:
        """Yield the places of those that have not left."""
        return (place for place in self._places if not place.turn.done())
