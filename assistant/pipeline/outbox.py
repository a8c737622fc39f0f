"""Hold back what an answer would tell until it is wanted."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from assistant.events import EventType
from assistant.pipeline.turn import Turn

__all__ = ["Outbox"]

Effect = Callable[[], object]


class Outbox:
    """Everything that an answer tells the world on behalf of a turn, held until `commit` and then let through in order.

    The times of a receipt are those at which things happened, not those at which they were let through.
    """

    def __init__(self, turn: Turn, wanted: Callable[[], None] = lambda: None) -> None:
        self.turn = turn
        self.wanted = wanted
        """Called when the answer is far enough to be committed: it can soon be heard, or waits for that."""
        self._held: list[Effect] = []
        self._committed = asyncio.Event()

    @classmethod
    def unheld(cls, turn: Turn) -> Self:
        """Return one that lets everything through from the first."""
        outbox = cls(turn)
        outbox.commit()
        return outbox

    @property
    def held(self) -> bool:
        """Tell whether it is not committed."""
        return not self._committed.is_set()

    def put(self, effect: Effect) -> None:
        """Have *effect* now where the answer is committed, or else then."""
        if self.held:
            self._held.append(effect)
        else:
            effect()

    def publish(self, kind: EventType, **data: Any) -> None:
        """Tell what happened."""
        self.put(partial(self.turn.publish, kind, **data))

    def mark(self, stage: str) -> None:
        """Note that a stage is reached now."""
        self.put(partial(self.turn.timeline.mark, stage, asyncio.get_running_loop().time()))

    def uses(self, stage: str, model: str) -> None:
        """Note which model does a stage."""
        self.put(partial(self.turn.models.__setitem__, stage, model))

    def commit(self) -> None:
        """Let everything through that is held, and all that follows."""
        while self._held:
            self._held.pop(0)()
        self._committed.set()

    async def committed(self) -> None:
        """Wait for the commit: what cannot be taken back comes after it."""
        self.wanted()
        await self._committed.wait()
