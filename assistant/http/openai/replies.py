"""Replies of chat models, as the doors of this dialect take them in."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from assistant.chat import ChatDelta, ChatRequest, Done, TextDelta, ToolCall, WrittenToken
from assistant.serving import Generation, Named

__all__ = ["CACHE", "Asked", "Written", "reply", "whole", "written"]

CACHE = "X-Cache"
"""Header of an answer that was given before: `hit`, or `like` and how near the question is to the one of that time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way to a model."""

    named: Named
    """The model."""
    request: ChatRequest
    """What it is asked."""
    one_call: bool
    """Whether a reply may call one tool only."""


@dataclass(frozen=True, slots=True)
class Written:
    """A reply that is complete."""

    text: str
    """Its words."""
    calls: tuple[ToolCall, ...]
    """What it calls."""
    logprobs: tuple[WrittenToken, ...]
    """How likely its tokens were, where that was asked."""
    end: Done
    """Why it ended, and what it cost."""
    cache: str = ""
    """How it was found where it was written before, as the header tells it."""


async def reply(generation: Generation, asked: Asked) -> AsyncGenerator[ChatDelta, None]:
    """Yield a reply as it is written; raises as `Generation.reply` does."""
    called = False
    async with aclosing(generation.reply(asked.named, asked.request)) as deltas:
        async for delta in deltas:
            if isinstance(delta, ToolCall):
                if called and asked.one_call:
                    continue
                called = True
            yield delta


async def written(deltas: AsyncGenerator[ChatDelta, None]) -> Written:
    """Return a reply once it is complete."""
    texts, calls, tokens, end = list[str](), list[ToolCall](), list[WrittenToken](), Done("stop")
    async with aclosing(deltas):
        async for delta in deltas:
            match delta:
                case TextDelta(text, logprobs):
                    texts.append(text)
                    tokens += logprobs
                case ToolCall():
                    calls.append(delta)
                case Done():
                    end = delta
    return Written("".join(texts), tuple(calls), tuple(tokens), end)


async def whole(generation: Generation, asked: Asked, asker: str, keep: bool | None = None) -> Written:
    """Return a reply once it is complete, or at once where *asker* was given it before; raises as `reply` does.

    *keep* is that of `Generation.answer`.
    """
    request = asked.request
    if request.tools or request.logprobs is not None:
        return await written(reply(generation, asked))
    answer = await generation.answer(asked.named, request, asker=asker, keep=keep)
    found = f"like {answer.like.likeness:.3f}" if answer.like else "hit"
    return Written(answer.text, (), (), answer.end, found if answer.cached else "")
