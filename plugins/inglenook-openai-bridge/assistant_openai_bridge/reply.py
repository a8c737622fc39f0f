"""A reply as the server sends it, piece by piece, as deltas."""

import math
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from assistant import (
    ChatDelta,
    ChatRequest,
    Done,
    EngineError,
    EngineUnavailable,
    Provider,
    TextDelta,
    Thoughts,
    TokenLogprob,
    ToolCall,
    Usage,
    WrittenToken,
)
from assistant_openai_bridge.faults import faults_of

__all__ = ["Reply"]

_CALLS = 64
"""Calls of tools that one reply may hold."""
_SPARE = 64
"""Pieces beyond twice the tokens that were asked for after which a server is taken to know no end."""


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    content: str | list[Any] | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Token(msgspec.Struct):
    token: str
    logprob: float | None = None
    bytes: list[int] | None = None


class _Written(_Token):
    top_logprobs: list[_Token] | None = None


class _Logprobs(msgspec.Struct):
    content: list[_Written] | None = None


class _Choice(msgspec.Struct):
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class _Piece(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    model: Any = None
    error: Any = None
    error_code: int | None = None
    text: Any = None


_DECODE = msgspec.json.Decoder(_Piece).decode


class Reply:
    """Put a reply together from what the server sends, without what was *begun* before if it says that first."""

    def __init__(
        self,
        provider: Provider,
        request: ChatRequest,
        answers: Callable[[str], bool] | None = None,
        begun: str = "",
    ) -> None:
        self._who = provider
        self._faults = faults_of(provider)
        self._thoughts = Thoughts()
        self._answers = answers
        self._begun = begun
        self._calls: list[_Call] = []
        self._usage = Usage()
        self._pieces = 0
        self._most = 2 * request.max_tokens + _SPARE
        self._logprobs = request.logprobs is not None
        self._reason: Literal["stop", "length", "tool_calls"] | None = None
        self.cut = False
        """Whether more came than was asked for, and the rest is nobody's concern."""

    @property
    def finished(self) -> bool:
        """Return whether the server said that it has finished."""
        return self._reason is not None

    def push(self, data: bytes) -> tuple[bool, Sequence[TextDelta]]:
        """Take the next piece, JSON, and return whether the reply has come further, and its words.

        Raises EngineError where the piece is no part of a reply, or says that the server failed.
        """
        try:
            piece = _DECODE(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise self._faults.no_part(error) from None
        if piece.error is not None:
            raise self._faults.failed(piece.error)
        if piece.error_code:  # FastChat's workers
            raise self._faults.failed(piece.text)
        if self._answers and isinstance(piece.model, str) and not self._answers(piece.model):
            raise EngineUnavailable(
                f"{self._who} has another model loaded: {self._faults.said(piece.model)}",
                hint="load the one that is wanted, or choose the one that is loaded",
            )
        if (usage := piece.usage) is not None:
            cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
            counts = (usage.prompt_tokens, cached, usage.completion_tokens)
            self._usage = Usage(*(max(0, count or 0) for count in counts))
        words: list[TextDelta] = []
        moved = False
        for choice in (piece.choices or ())[:1]:
            moved |= self._take(choice.delta or choice.message or _Message(), choice.logprobs, words)
            if choice.finish_reason:
                self._reason, moved = _reason(choice.finish_reason), True
        return moved, words

    def _take(self, message: _Message, logprobs: _Logprobs | None, words: list[TextDelta]) -> bool:
        text = _text(message.content) or message.refusal or ""
        if text and self._begun:
            text, self._begun = text.removeprefix(self._begun), ""
        tokens = tuple(map(_written, logprobs.content or ())) if logprobs and self._logprobs else ()
        if (said := text if tokens else self._thoughts.push(text)) or tokens:
            words.append(TextDelta(said, tokens))
        for call in message.tool_calls or ():
            self._add(call)
        moved = bool(words or text or message.tool_calls or message.reasoning_content or message.reasoning)
        self._pieces += moved
        if self._pieces > self._most:
            self._reason, self.cut = "length", True
        return moved

    def _add(self, call: _Call) -> None:
        """Join what comes of a call to what came of it before."""
        more = call.function or _Function()
        at = call.index
        if at is None:  # what has a name begins a call, what has none goes on with the last
            at = len(self._calls) - (0 if call.id or more.name else 1)
        known = next((one for one in reversed(self._calls) if one.index == at), None)
        if known is None or (call.id and known.id and call.id != known.id):  # some servers give every call the index 0
            if len(self._calls) >= _CALLS:
                raise EngineError(f"{self._who} calls more than {_CALLS} tools at once", hint="another model may not")
            self._calls.append(_Call(at, call.id, _Function(more.name, more.arguments)))
            return
        assert known.function is not None
        known.id = known.id or call.id
        known.function.name = known.function.name or more.name
        if isinstance(more.arguments, str) and isinstance(known.function.arguments, str | None):
            known.function.arguments = (known.function.arguments or "") + more.arguments
        elif more.arguments is not None:
            known.function.arguments = more.arguments

    def end(self, complete: bool) -> list[ChatDelta]:
        """Return what is left of the words, the calls and the end; raises EngineError where it broke off."""
        if not (complete or self.finished):
            raise self._faults.broke_off()
        rest = self._thoughts.push("", final=True)
        words: list[ChatDelta] = [TextDelta(rest)] if rest else []
        calls: list[ChatDelta] = [self._called(call) for call in self._calls] if self._reason != "length" else []
        reason = "tool_calls" if calls else self._reason if self._reason == "length" else "stop"
        return [*words, *calls, Done(reason, self._usage)]

    def _called(self, call: _Call) -> ToolCall:
        function = call.function or _Function()
        arguments: Any = function.arguments or {}
        if isinstance(arguments, str):
            try:
                arguments = msgspec.json.decode(arguments) if arguments.strip() else {}
                msgspec.msgpack.encode(arguments)  # numbers and depths that no receiver takes
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError):
                arguments = None
        if not isinstance(arguments, dict) or not function.name:
            raise EngineError(
                f"{self._who} called {(function.name or 'a tool')[:64]!a} with arguments that are no JSON object",
                hint="a bigger model, or a server with a parser for this model's calls, may do better",
            )
        return ToolCall(call.id or uuid.uuid4().hex[:9], function.name, arguments)


def _reason(told: str) -> Literal["stop", "length", "tool_calls"]:
    match told:
        case "length" | "max_tokens":
            return "length"
        case "tool_calls" | "function_call":
            return "tool_calls"
    return "stop"


def _text(content: str | list[Any] | None) -> str:
    """Return the words of a message; some servers send a list of parts."""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text")
        return "".join(part for part in parts if isinstance(part, str))
    return content or ""


def _written(token: _Written) -> WrittenToken:
    return WrittenToken(_likely(token), tuple(map(_likely, token.top_logprobs or ())))


def _likely(token: _Token) -> TokenLogprob:
    piece = token.token.encode() if token.bytes is None else bytes(byte & 255 for byte in token.bytes)
    return TokenLogprob(piece, -math.inf if token.logprob is None else token.logprob)
