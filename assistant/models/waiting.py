"""Who waits for an engine, and in what order."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from contextvars import ContextVar

from assistant.chat import Priority

__all__ = ["REQUEST", "Waiting"]

REQUEST = ContextVar("request", default="")
"""Id of the request that is being answered, set by the door it came through; empty for what nobody gave an id."""

_ORDER = itertools.count()


class Waiting:
    """Those that wait for an engine: by priority, then by age."""

    def __init__(self) -> None:
        self._turns: list[tuple[Priority, int, asyncio.Future[None], str]] = []

    def __len__(self) -> int:
        return sum(not turn.done() for _, _, turn, _ in self._turns)

    def join(self, priority: Priority) -> asyncio.Future[None]:
        """Let whoever asks wait; what is returned has a result when it is their turn, and is cancelled to leave."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._turns, (priority, next(_ORDER), turn, REQUEST.get()))
        return turn

    def next(self, may: Callable[[Priority], bool]) -> asyncio.Future[None] | None:
        """Take out whose turn it is; None where nobody waits, or that priority *may* not begin yet."""
        while self._turns:
            priority, _, turn, _ = self._turns[0]
            if not turn.done() and not may(priority):
                return None
            heapq.heappop(self._turns)
            if not turn.done():
                return turn
        return None

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the requests that wait, the next one first."""
        return tuple(id_ for _, _, turn, id_ in sorted(self._turns, key=lambda one: one[:2]) if not turn.done())
