"""A reply as Ollama sends it, piece by piece, as deltas."""

import json
import uuid
from collections.abc import Sequence
from typing import Literal

import msgspec
from ollama import ChatResponse
from ollama._types import Logprob, TokenLogprob

from assistant import (
    ChatDelta,
    ChatRequest,
    Done,
    EngineError,
    ProviderFaults,
    TextDelta,
    Thoughts,
    ToolCall,
    Usage,
    WrittenToken,
)
from assistant import TokenLogprob as LikelyToken

__all__ = ["Reply"]

_CALLS = 64
"""Calls of tools that one reply may hold."""
_SPARE = 64
"""Pieces beyond twice the tokens that were asked for after which a server is taken to know no end."""


class Reply:
    """Put a reply together from what the server sends. What the model thinks is no part of it."""

    def __init__(self, faults: ProviderFaults, request: ChatRequest) -> None:
        self._faults = faults
        self._thoughts = Thoughts()  # servers before 0.9, and models whose marks Ollama does not know
        self._calls: list[ChatDelta] = []
        self._usage = Usage()
        self._pieces = 0
        self._most = 2 * request.max_tokens + _SPARE
        self._reason: Literal["stop", "length"] | None = None

    @property
    def finished(self) -> bool:
        """Return whether the server said that it has finished, or more came than was asked for."""
        return self._reason is not None

    def push(self, piece: ChatResponse) -> tuple[bool, Sequence[TextDelta]]:
        """Take the next piece and return whether the reply has come further, and its words; raises EngineError."""
        words: list[TextDelta] = []
        message = piece.message
        tokens = tuple(map(_written, piece.logprobs or ()))
        text = message.content or ""
        if (said := text if tokens else self._thoughts.push(text)) or tokens:
            words.append(TextDelta(said, tokens))
        for call in message.tool_calls or ():
            self._add(call.function.name, dict(call.function.arguments))
        moved = bool(words or text or message.tool_calls or message.thinking)
        self._pieces += moved
        if piece.done:
            self._reason = "length" if piece.done_reason == "length" else "stop"
            self._usage = Usage(max(0, piece.prompt_eval_count or 0), 0, max(0, piece.eval_count or 0))
        elif self._pieces > self._most:
            self._reason = "length"
        return moved, words

    def end(self) -> list[ChatDelta]:
        """Return the rest of the words, the calls and the end of the reply; raises EngineError where it broke off."""
        if self._reason is None:
            raise self._faults.broke_off()
        rest = self._thoughts.push("", final=True)
        words: list[ChatDelta] = [TextDelta(rest)] if rest else []
        calls = self._calls if self._reason != "length" else []
        return [*words, *calls, Done("tool_calls" if calls else self._reason, self._usage)]

    def _add(self, name: str, arguments: dict[str, object]) -> None:
        who = self._faults.provider
        if len(self._calls) >= _CALLS:
            raise EngineError(f"{who} calls more than {_CALLS} tools at once", hint="another model may not")
        try:
            msgspec.msgpack.encode(arguments)  # numbers and depths that no receiver takes
            json.dumps(arguments, allow_nan=False)
        except (ValueError, RecursionError, OverflowError, TypeError):
            name = ""
        if not name:
            raise EngineError(
                f"{who} called a tool with arguments that are no JSON object", hint="a bigger model may do better"
            )
        self._calls.append(ToolCall(uuid.uuid4().hex[:9], name, arguments))


def _written(token: Logprob) -> WrittenToken:
    return WrittenToken(_likely(token), tuple(map(_likely, token.top_logprobs or ())))


def _likely(token: TokenLogprob) -> LikelyToken:
    return LikelyToken(token.token.encode(errors="replace"), token.logprob)
