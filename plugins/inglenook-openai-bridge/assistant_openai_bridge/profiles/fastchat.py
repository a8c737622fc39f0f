"""FastChat's server (its source, 0e6d3e4 after release 0.2.36; that release cannot stream with today's pydantic)."""

from assistant_openai_bridge.openapi import paths
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["FASTCHAT"]


async def _recognise(ask: Ask) -> bool:
    """It counts tokens at a page of its own, whether any worker is there or not."""
    return "/api/v1/token_check" in await paths(ask)


FASTCHAT = Profile(
    type="fastchat",
    title="FastChat",
    endpoint="http://127.0.0.1:8000/v1",
    recognise=_recognise,
    sampling={"top_k": "top_k"},
    tools=False,
    schema=False,
    logprobs=False,
)
