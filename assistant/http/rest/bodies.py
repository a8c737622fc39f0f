"""What scripts ask of a model, and what they get."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from assistant.chat import ChatMessage, ChatRequest
from assistant.config.section import Strategy
from assistant.http.drawing import Drawing, check_json
from assistant.serving.names import AUTO

__all__ = [
    "BatchBody",
    "Candidate",
    "Fault",
    "GenerateBody",
    "InferenceBody",
    "Inputs",
    "Orchestrated",
    "OrchestratedBody",
    "Outcome",
    "Outcomes",
    "ParallelBody",
    "Parameters",
    "Said",
    "Text",
    "Tokens",
    "conversation",
]

_TOKENS = 512
"""Tokens after which a reply is cut where nothing is said."""

Text = Annotated[str, Meta(min_length=1)]


class Parameters(Drawing, frozen=True, kw_only=True):
    """How a reply is to be written; what is left out is the model's own."""

    seed: Annotated[int, Meta(ge=0, lt=2**32)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=8192)] | None = None
    stop: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(max_length=16)] = ()
    schema: dict[str, Any] | None = None
    cache: bool | None = None
    """Whether the reply may be one that was given before; None for those that would come out the same again."""

    def request(self, messages: tuple[ChatMessage, ...]) -> ChatRequest:
        """Return what an engine is asked."""
        check_json(self.schema, "schema")
        sampling = self.sampling(self.seed)
        return ChatRequest(
            messages, schema=self.schema, sampling=sampling, max_tokens=self.max_tokens or _TOKENS, stop=self.stop
        )


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One contribution to a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


Inputs = Text | Annotated[tuple[Message, ...], Meta(min_length=1, max_length=200)]
"""A question, or a text to place; or a conversation to go on with."""


def conversation(inputs: "str | tuple[Message, ...]") -> tuple[ChatMessage, ...]:
    """Return what a chat model is asked."""
    if isinstance(inputs, str):
        return (ChatMessage.of("user", inputs),)
    return tuple(ChatMessage.of(message.role, message.content) for message in inputs)


class GenerateBody(Parameters, frozen=True, kw_only=True):
    """Body of `/generate`."""

    prompt: Text
    model: str = ""
    system: str = ""
    stream: bool = False

    def messages(self) -> tuple[ChatMessage, ...]:
        """Return the conversation."""
        system = (ChatMessage.of("system", self.system),) if self.system else ()
        return (*system, ChatMessage.of("user", self.prompt))


class InferenceBody(msgspec.Struct, frozen=True, kw_only=True):
    """Work for a model."""

    inputs: Inputs
    model_id: str = ""
    parameters: Parameters = Parameters()

    def messages(self) -> tuple[ChatMessage, ...]:
        """Return the conversation."""
        return conversation(self.inputs)


class OrchestratedBody(InferenceBody, frozen=True, kw_only=True):
    """Work for whichever model is best at it."""

    model_id: str = AUTO
    task: Annotated[str, Meta(max_length=64)] = ""
    strategy: Strategy | None = None


class BatchBody(msgspec.Struct, frozen=True, kw_only=True):
    """The same work for several inputs, one after the other."""

    inputs: Annotated[tuple[Inputs, ...], Meta(min_length=1, max_length=64)]
    model_id: str = ""
    parameters: Parameters = Parameters()


class ParallelBody(msgspec.Struct, frozen=True, kw_only=True):
    """Several pieces of work at once."""

    requests: Annotated[tuple[InferenceBody, ...], Meta(min_length=1, max_length=16)]


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply cost."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0


class AskedBefore(msgspec.Struct, frozen=True, kw_only=True):
    """The question to which the answer was given, where it was put otherwise, and how near it is, up to 1."""

    question: str
    likeness: float


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the work: a text, or a vector."""

    model: str
    seconds: float
    text: str | None = None
    vector: list[float] | None = None
    finish_reason: Literal["stop", "length"] | None = None
    tokens: Tokens | None = None
    cached: bool = False
    like: AskedBefore | msgspec.UnsetType = msgspec.UNSET


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A model that could do the work."""

    model: str
    why: str
    outcome: str


class Orchestrated(Said, frozen=True, kw_only=True):
    """What came of the work, and why of that model."""

    why: str
    candidates: list[Candidate]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is nothing."""

    code: str
    message: str
    hint: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one of several: the work, or why there is none."""

    result: Said | None = None
    error: Fault | None = None


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What came of each, in the order of the request."""

    results: list[Outcome]
    failed: int
