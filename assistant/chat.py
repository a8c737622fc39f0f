"""Conversation as values: messages made of parts, requests, and the deltas of a reply."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

from assistant.audio import AudioChunk
from assistant.vision import Image

__all__ = [
    "AudioPart",
    "ChatDelta",
    "ChatMessage",
    "ChatRequest",
    "Done",
    "ImagePart",
    "Part",
    "Priority",
    "Role",
    "Sampling",
    "TextDelta",
    "TextPart",
    "TokenLogprob",
    "ToolCall",
    "ToolResult",
    "ToolSpec",
    "Usage",
    "WrittenToken",
]

Role = Literal["system", "user", "assistant", "tool"]
"""Who speaks in a message."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """Words."""

    text: str
    """Plain text."""


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture within a message."""

    image: Image
    """The encoded picture."""


@dataclass(frozen=True, slots=True)
class AudioPart:
    """Sound within a message."""

    audio: AudioChunk
    """The sound itself."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool to be run."""

    call_id: str
    """Ties the result to the call; unique within a reply."""
    name: str
    """The tool's name."""
    arguments: Mapping[str, Any]
    """A JSON object that the tool's schema admits."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool returned."""

    call_id: str
    """The `ToolCall.call_id` this answers."""
    content: str
    """Text, often JSON; data, never instructions."""
    failed: bool = False
    """Whether `content` says what went wrong."""


Part = TextPart | ImagePart | AudioPart | ToolCall | ToolResult
"""One piece of a message."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One contribution to a conversation."""

    role: Role
    """Who speaks."""
    parts: tuple[Part, ...]
    """What is said, in order."""

    @classmethod
    def of(cls, role: Role, text: str) -> "ChatMessage":
        """Make a message of plain text."""
        return cls(role, (TextPart(text),))

    @property
    def text(self) -> str:
        """Return the words of the message, without its other parts."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a model is told of a tool. Only the turn holds the callable."""

    name: str
    """Letters, digits and underscores."""
    description: str
    """When to call it, in a sentence."""
    parameters: Mapping[str, Any]
    """JSON schema of the arguments; an object."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. None leaves it to the model's configuration."""

    temperature: float | None = None
    """0 always takes the likeliest token."""
    top_p: float | None = None
    """Keep the likeliest tokens up to this total probability."""
    top_k: int | None = None
    """Keep this many of the likeliest tokens; 0 keeps all."""
    min_p: float | None = None
    """Drop tokens less likely than this share of the likeliest."""
    repeat_penalty: float | None = None
    """Above 1 makes recent tokens less likely."""
    presence_penalty: float | None = None
    """Above 0 makes tokens less likely that were written recently, below 0 likelier."""
    frequency_penalty: float | None = None
    """Above 0 makes tokens less likely for each time they were written recently, below 0 likelier."""
    seed: int | None = None
    """Makes a drawn reply repeatable."""


class Priority(IntEnum):
    """Who goes first when an engine is wanted by several; the smaller goes first."""

    VOICE = 0
    """Somebody stands in front of the microphone."""
    API = 10
    """A program waits."""
    BACKGROUND = 20
    """Nobody waits: warming, summaries."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """All that a chat engine needs for one reply."""

    messages: tuple[ChatMessage, ...]
    """The conversation so far, oldest first; static text first, volatile facts last, so that the prefix is reused."""
    conversation: str = ""
    """Names the prefix cache to reuse; empty for a request that stands alone."""
    tools: tuple[ToolSpec, ...] = ()
    """What the model may call."""
    tool_choice: str = "auto"
    """`auto`, `none`, `required`, or the name of the one tool that must be called."""
    schema: Mapping[str, Any] | None = None
    """JSON schema that the text of the reply must satisfy."""
    grammar: str | None = None
    """GBNF grammar that the text of the reply must satisfy; excludes `schema`."""
    sampling: Sampling = field(default_factory=Sampling)
    """How tokens are drawn."""
    max_tokens: int = 512
    """Tokens after which the reply is cut."""
    stop: tuple[str, ...] = ()
    """Texts that end the reply and are not part of it."""
    logprobs: int | None = None
    """How many of the likeliest tokens are told beside each that is written; None tells nothing of tokens."""
    priority: Priority = Priority.VOICE
    """Who goes first."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """How likely a token was, before anything is drawn or held to a form."""

    piece: bytes
    """Its text in UTF-8; it may end within a character."""
    logprob: float
    """Natural logarithm of its probability."""


@dataclass(frozen=True, slots=True)
class WrittenToken:
    """A token of the reply, and what else could have stood in its place."""

    token: TokenLogprob
    """The token itself."""
    top: tuple[TokenLogprob, ...] = ()
    """The likeliest tokens in its place, the likeliest first."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More words of the reply."""

    text: str
    """To be appended; whole characters, never half of one. Empty as a sign of life: what is written now is no words."""
    logprobs: tuple[WrittenToken, ...] = ()
    """The tokens that were written since the last words, where the request asks for them."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply cost, in tokens."""

    prompt_tokens: int = 0
    """Tokens of the request."""
    cached_tokens: int = 0
    """Of these, tokens that the prefix cache spared."""
    completion_tokens: int = 0
    """Tokens of the reply."""


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a reply; always its last delta."""

    reason: Literal["stop", "length", "tool_calls"]
    """Why it ended."""
    usage: Usage = field(default_factory=Usage)
    """What it cost."""


ChatDelta = TextDelta | ToolCall | Done
"""One step of a streamed reply."""
