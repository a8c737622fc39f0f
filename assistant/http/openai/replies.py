"""Replies of chat models, as the doors of this dialect take them in."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from assistant.chat import ChatDelta, ChatRequest, Done, TextDelta, ToolCall, WrittenToken
from assistant.serving import Generation, Named

__all__ = ["Asked", "Written", "reply", "written"]


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
