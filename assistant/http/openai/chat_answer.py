"""What `/v1/chat/completions` answers, whole or in pieces."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from assistant.chat import ToolCall, Usage, WrittenToken
from assistant.http.drawing import likely
from assistant.http.openai.replies import Written

__all__ = [
    "Audio",
    "AudioPiece",
    "ChatChunk",
    "ChatCompletion",
    "Choice",
    "ChunkChoice",
    "Delta",
    "Tokens",
    "call",
    "logprobs",
    "message",
    "tokens",
]

Reason = Literal["stop", "length", "tool_calls"]


class CachedTokens(msgspec.Struct, frozen=True):
    """What the prefix cache spared."""

    cached_tokens: int


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer cost."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedTokens


class Function(msgspec.Struct, frozen=True):
    """What is to be called, and with what: a JSON object, as text."""

    name: str
    arguments: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call that the program is to make."""

    id: str
    function: Function
    type: Literal["function"] = "function"
    index: int | UnsetType = UNSET


class LikelyToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token and how likely it was."""

    token: str
    logprob: float
    bytes: list[int]


class Position(LikelyToken, frozen=True, kw_only=True):
    """A token of the reply, and the likeliest in its place."""

    top_logprobs: list[LikelyToken]


class Logprobs(msgspec.Struct, frozen=True, kw_only=True):
    """How likely the tokens of the words were."""

    content: list[Position]
    refusal: None = None


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """A reply as sound, in base64. It is not kept: it has expired as soon as it is told."""

    id: str
    data: str
    expires_at: int
    transcript: str


class AudioPiece(msgspec.Struct, frozen=True, kw_only=True):
    """More of a reply as sound: of its words, and then of the sound in base64."""

    id: str | UnsetType = UNSET
    data: str | UnsetType = UNSET
    expires_at: int | UnsetType = UNSET
    transcript: str | UnsetType = UNSET


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the model says."""

    content: str | None
    role: Literal["assistant"] = "assistant"
    refusal: None = None
    tool_calls: list[Call] | UnsetType = UNSET
    audio: Audio | UnsetType = UNSET


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One of the replies."""

    index: int
    message: Reply
    finish_reason: Reason
    logprobs: Logprobs | None = None


class ChatCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer."""

    id: str
    created: int
    model: str
    choices: list[Choice]
    usage: Tokens
    object: Literal["chat.completion"] = "chat.completion"


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """More of what the model says."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    tool_calls: list[Call] | UnsetType = UNSET
    audio: AudioPiece | UnsetType = UNSET


class ChunkChoice(msgspec.Struct, frozen=True, kw_only=True):
    """More of one of the replies."""

    index: int
    delta: Delta
    finish_reason: Reason | None = None
    logprobs: Logprobs | None = None


class ChatChunk(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the answer."""

    id: str
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Tokens | UnsetType | None = UNSET
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"


def call(made: ToolCall, index: int | UnsetType = UNSET) -> Call:
    """Return a call; a stream tells which of the reply's it is."""
    arguments = msgspec.json.encode(made.arguments).decode()
    return Call(id=made.call_id, function=Function(made.name, arguments), index=index)


def message(said: Written, sound: Audio | None = None) -> Reply:
    """Return a reply: the words are null where it is nothing but calls, or sound."""
    calls = [call(made) for made in said.calls] or UNSET
    if sound is not None:
        return Reply(content=None, tool_calls=calls, audio=sound)
    return Reply(content=said.text if said.text or not said.calls else None, tool_calls=calls)


def logprobs(told: Sequence[WrittenToken]) -> Logprobs | None:
    """Return how likely tokens were, None where nothing is told of them."""
    return Logprobs(content=[_position(written) for written in told]) if told else None


def _position(written: WrittenToken) -> Position:
    return Position(**likely(written.token), top_logprobs=[LikelyToken(**likely(token)) for token in written.top])


def tokens(usages: list[Usage]) -> Tokens:
    """Return what the replies to one request cost together: the request is counted once."""
    prompt = max((usage.prompt_tokens for usage in usages), default=0)
    completion = sum(usage.completion_tokens for usage in usages)
    return Tokens(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        prompt_tokens_details=CachedTokens(usages[0].cached_tokens if usages else 0),
    )
