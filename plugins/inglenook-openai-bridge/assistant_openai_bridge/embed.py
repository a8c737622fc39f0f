"""The engine of a server's model that places texts."""

import asyncio
import math
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from assistant import EngineError, Provider
from assistant_openai_bridge.client import Client, connected
from assistant_openai_bridge.profile import Profile

__all__ = ["BridgeEmbed", "opened_embed"]

_MOST = 64 * 1024 * 1024
"""Bytes of an answer: numbers as text, some thousand for each of some hundred texts."""
_AT_ONCE = 64
"""Texts that a server is asked for at once."""


@asynccontextmanager
async def opened_embed(provider: Provider, profile: Profile, model: str) -> AsyncGenerator["BridgeEmbed", None]:
    """Make the engine, whose requests run on a loop of their own: `embed` is called from threads, and waits."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"provider {provider.name}", daemon=True)
    thread.start()
    stack = AsyncExitStack()

    async def on_its_loop(work: Any) -> Any:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    try:
        client = await on_its_loop(stack.enter_async_context(connected(provider)))
        try:
            yield BridgeEmbed(client, profile, model, loop)
        finally:
            await on_its_loop(stack.aclose())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(thread.join)
        loop.close()


class BridgeEmbed:
    """Place texts with a model of another server."""

    def __init__(self, client: Client, profile: Profile, model: str, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._profile, self._model, self._loop = client, profile, model, loop

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector of unit length for each of *texts*; raises EngineError. Waits for the server."""
        vectors: list[list[float]] = []
        for at in range(0, len(texts), _AT_ONCE):
            some = self._vectors(
                [text if text.strip() else "." for text in texts[at : at + _AT_ONCE]]
            )  # none is refused
            vectors += asyncio.run_coroutine_threadsafe(some, self._loop).result()
        return vectors

    async def _vectors(self, texts: list[str]) -> list[list[float]]:
        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        path, most = self._profile.embed_endpoint, _MOST
        async with self._client.post(path, body, model=self._model, most=most) as answer:
            data = await answer.json()
        rows = data.get("data") if isinstance(data, dict) else None
        try:
            placed = {row["index"]: _unit(row["embedding"]) for row in rows or ()}
            vectors = [placed[at] for at in range(len(texts))]
        except (LookupError, TypeError, ValueError, AttributeError):
            vectors = []
        if len({len(vector) for vector in vectors}) != 1:
            raise EngineError(
                f"{self._client.provider}: what {self._model} answers are no vectors", hint="is it a model that embeds?"
            )
        return vectors


def _unit(numbers: Sequence[float]) -> list[float]:
    """Return numbers as a vector of unit length; raises ValueError for what is none."""
    length = math.hypot(*numbers)
    if not (math.isfinite(length) and length > 0):
        raise ValueError(length)
    return [number / length for number in numbers]
