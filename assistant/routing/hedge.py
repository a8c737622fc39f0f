"""What one model writes of a reply, and the next one that is asked while it stalls."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from assistant.chat import ChatDelta, TextDelta
from assistant.routing.seam import Seam

__all__ = ["Hedge", "Part", "on_time"]

_LATE = 0.1
"""Seconds by which this process may be late itself before a wait of it tells nothing of others."""


class Part:
    """What one model writes of a reply."""

    def __init__(self, deltas: AsyncGenerator[ChatDelta, None], seam: Seam | None) -> None:
        self.pieces = 0
        """Tokens that were written."""
        self.ending: list[ChatDelta] = []
        """What came that is no words."""
        self._seam = seam
        self._written = self._passed_on(deltas)
        self._ahead: TextDelta | None = None

    async def begins(self) -> bool:
        """Wait for the first words, and tell whether there are any."""
        self._ahead = await anext(self._written, None)
        return self._ahead is not None

    async def words(self) -> AsyncGenerator[TextDelta, None]:
        """Yield the words, of what was said before none twice."""
        async with aclosing(self._written) as written:
            if self._ahead is not None:
                yield self._ahead
            async for delta in written:
                yield delta

    async def aclose(self) -> None:
        """End the work."""
        await self._written.aclose()

    async def _passed_on(self, deltas: AsyncGenerator[ChatDelta, None]) -> AsyncGenerator[TextDelta, None]:
        async with aclosing(deltas):
            async for delta in deltas:
                if not isinstance(delta, TextDelta):
                    self.ending.append(delta)
                    continue
                self.pieces += bool(delta.text)
                passed = replace(delta, text=self._seam.push(delta.text)) if self._seam else delta
                if passed.text or passed.logprobs:
                    yield passed
        if self._seam and (rest := self._seam.close()):
            yield TextDelta(rest)


class Hedge:
    """The next model, asked to go on while the one that writes stalls: once for a reply at most."""

    def __init__(self, begin: Callable[[str], Awaitable[Part]]) -> None:
        self.model = ""
        """Who was asked; empty for nobody."""
        self._begin = begin
        self._part: Part | None = None
        self._beginning: asyncio.Task[bool] | None = None
        self._leaving: asyncio.Task[None] | None = None

    @property
    def error(self) -> BaseException | None:
        """Return what it failed with before it had any words."""
        return self._beginning.exception() if self._beginning is not None and self._beginning.done() else None

    @property
    def has_words(self) -> bool:
        """Tell whether it has words to go on with."""
        beginning = self._beginning
        return beginning is not None and beginning.done() and not self.error and beginning.result()

    def begin(self, model: str) -> asyncio.Task[bool]:
        """Ask a model, and return what ends when it has its first words, or will have none."""
        self.model = model
        self._beginning = asyncio.create_task(self._first_words(), name=f"model {model}")
        return self._beginning

    async def taken(self) -> Part | None:
        """Return what it writes, once that has begun; it is the taker's to close. None where there is none.

        Raises what it failed with before its first words.
        """
        if self._beginning is None:
            return None
        await asyncio.wait({self._beginning})
        beginning, part = self._beginning, self._part
        self._beginning = self._part = None
        beginning.result()
        return part

    def leave(self) -> None:
        """End it, and do not wait for that: the other one goes on."""
        if self._beginning is not None:
            self._leaving = asyncio.create_task(self._end(self._beginning), name=f"model {self.model}")
            self._beginning = None

    async def close(self) -> None:
        """Wait until it has ended, where nobody has taken it."""
        self.leave()
        if self._leaving is not None:
            await asyncio.wait({self._leaving})

    async def _first_words(self) -> bool:
        self._part = await self._begin(self.model)
        return await self._part.begins()

    async def _end(self, beginning: asyncio.Task[bool]) -> None:
        beginning.cancel()
        await asyncio.wait({beginning})
        if not beginning.cancelled():
            beginning.exception()  # seen, so that it is not reported as never retrieved
        if self._part is not None:
            await self._part.aclose()


async def on_time(step: asyncio.Task[object], seconds: float) -> None:
    """Wait for a step so long, and once more where this process was late itself: then it tells nothing of the step."""
    clock = asyncio.get_running_loop().time
    for _ in range(2):
        began = clock()
        await asyncio.wait({step}, timeout=seconds)
        if step.done() or clock() - began < seconds + _LATE:
            return
