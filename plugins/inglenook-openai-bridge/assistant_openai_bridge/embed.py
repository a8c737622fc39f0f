"""Texts placed by a server's model."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from assistant import Provider
from assistant_openai_bridge.client import connected
from assistant_openai_bridge.profile import Profile

__all__ = ["asking"]

_MOST = 64 * 1024 * 1024
"""Bytes of an answer: numbers as text, some thousand for each of some hundred texts."""


@asynccontextmanager
async def asking(provider: Provider, profile: Profile, model: str) -> AsyncGenerator[Any, None]:
    """Connect to a server and yield what asks it for the numbers of some texts; it raises EngineError."""
    async with connected(provider) as client:

        async def rows(texts: list[str]) -> Sequence[Any]:
            body = {"model": model, "input": texts, "encoding_format": "float"}
            async with client.post(profile.embed_endpoint, body, model=model, most=_MOST) as answer:
                return _in_order(await answer.json(), len(texts))

        yield rows


def _in_order(answer: Any, count: int) -> list[Any]:
    """Return the rows of an answer in the order of the texts; none where they are not all there."""
    data = answer.get("data") if isinstance(answer, dict) else None
    try:
        placed = {row["index"]: row["embedding"] for row in data or ()}
        return [placed[at] for at in range(count)]
    except (LookupError, TypeError):
        return []
