"""The engine of another server's model that places texts."""

import asyncio
import math
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from assistant.engines import Embed
from assistant.errors import EngineError
from assistant.providers.spec import Provider

__all__ = ["Rows", "remote_embed"]

T = TypeVar("T")
Rows = Callable[[list[str]], Awaitable[Sequence[Any]]]
"""Asks a server for the numbers of some texts, a row for each in their order; raises EngineError."""

_AT_ONCE = 64
"""Texts that a server is asked for at once."""


@asynccontextmanager
async def remote_embed(
    provider: Provider, model: str, asking: AbstractAsyncContextManager[Rows]
) -> AsyncGenerator[Embed, None]:
    """Make the engine of a model that *asking* asks.

    It runs on a loop of its own, on which *asking* is entered and left: `embed` is called from threads, and waits.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"provider {provider.name}", daemon=True)
    thread.start()
    stack = AsyncExitStack()

    def there(work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    try:
        rows = await there(stack.enter_async_context(asking))
        try:
            yield _RemoteEmbed(provider, model, rows, loop)
        finally:
            await there(stack.aclose())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(thread.join)
        loop.close()


class _RemoteEmbed:
    """Place texts with a model of another server."""

    def __init__(self, provider: Provider, model: str, rows: Rows, loop: asyncio.AbstractEventLoop) -> None:
        self._provider, self._model, self._rows, self._loop = provider, model, rows, loop

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector of unit length for each of *texts*; raises EngineError. Waits for the server."""
        vectors: list[list[float]] = []
        for at in range(0, len(texts), _AT_ONCE):
            some = [text if text.strip() else "." for text in texts[at : at + _AT_ONCE]]  # none is refused
            vectors += asyncio.run_coroutine_threadsafe(self._vectors(some), self._loop).result()
        return vectors

    async def _vectors(self, texts: list[str]) -> list[list[float]]:
        rows = await self._rows(texts)
        try:
            vectors = [_unit(row) for row in rows]
        except (TypeError, ValueError):
            vectors = []
        if len(vectors) != len(texts) or len({len(vector) for vector in vectors}) != 1:
            raise EngineError(
                f"{self._provider}: what {self._model} answers are no vectors", hint="is it a model that embeds?"
            )
        return vectors


def _unit(numbers: Sequence[float]) -> list[float]:
    """Return numbers as a vector of unit length; raises ValueError, TypeError for what is none."""
    length = math.hypot(*numbers)
    if not (math.isfinite(length) and length > 0):
        raise ValueError(length)
    return [number / length for number in numbers]
