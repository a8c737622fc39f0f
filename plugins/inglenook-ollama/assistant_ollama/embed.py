"""Texts placed by a model of Ollama."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from assistant import Provider, retried
from assistant_ollama.client import connected
from assistant_ollama.options import options_of

__all__ = ["asking"]


@asynccontextmanager
async def asking(provider: Provider, model: str, local: bool) -> AsyncGenerator[Any, None]:
    """Connect to a server and yield what asks it for the numbers of some texts; it raises EngineError.

    That a model is *local*, where it counts as that, is made sure of before it is told anything.
    """
    sure = not local
    options = options_of(provider)
    drawn: dict[str, Any] = {**options.parameters}
    if options.context is not None:
        drawn["num_ctx"] = options.context
    async with connected(provider) as client:

        async def once(texts: list[str]) -> Sequence[Sequence[float]]:
            nonlocal sure
            if not sure:
                await client.make_sure(model)
                sure = True
            async with client.asked(model) as sdk:
                answer = await sdk.embed(
                    model, texts, truncate=True, options=drawn, keep_alive=options.keep_alive or None
                )
            return answer.embeddings

        async def rows(texts: list[str]) -> Sequence[Sequence[float]]:
            return await retried(provider, lambda: once(texts))

        yield rows
