"""What `/v1/responses` answers: a response, which is made of items."""

from typing import Any, Literal

import msgspec

from assistant.chat import Usage

__all__ = [
    "CallItem",
    "Incomplete",
    "Item",
    "MessageItem",
    "OutputText",
    "Response",
    "ResponseError",
    "Status",
    "tokens",
]

Status = Literal["in_progress", "completed", "incomplete", "failed"]


class OutputText(msgspec.Struct, frozen=True, tag_field="type", tag="output_text"):
    """Words."""

    text: str
    annotations: tuple[()] = ()
    logprobs: tuple[()] = ()


class MessageItem(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """Words of the model."""

    id: str
    status: Status
    content: list[OutputText]
    role: Literal["assistant"] = "assistant"


class CallItem(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    """A call that the program is to make."""

    id: str
    call_id: str
    name: str
    arguments: str
    status: Status


Item = MessageItem | CallItem


class CachedTokens(msgspec.Struct, frozen=True):
    """What the prefix cache spared."""

    cached_tokens: int


class ReasoningTokens(msgspec.Struct, frozen=True):
    """What was thought: it is not counted apart."""

    reasoning_tokens: int = 0


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What it cost."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: CachedTokens
    output_tokens_details: ReasoningTokens = ReasoningTokens()


class Incomplete(msgspec.Struct, frozen=True):
    """Why it was cut."""

    reason: Literal["max_output_tokens"] = "max_output_tokens"


class ResponseError(msgspec.Struct, frozen=True):
    """Why it failed."""

    code: str
    message: str


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, and what was asked."""

    id: str
    created_at: int
    model: str
    status: Status
    output: list[Item] = []
    error: ResponseError | None = None
    incomplete_details: Incomplete | None = None
    usage: Tokens | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    metadata: dict[str, str] = {}
    parallel_tool_calls: bool = True
    temperature: float | None = None
    top_p: float | None = None
    text: Any = None
    tools: list[Any] = []
    tool_choice: Any = "auto"
    previous_response_id: None = None
    store: Literal[False] = False
    truncation: Literal["disabled"] = "disabled"
    object: Literal["response"] = "response"


def tokens(usage: Usage) -> Tokens:
    """Return what a reply cost."""
    return Tokens(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        input_tokens_details=CachedTokens(usage.cached_tokens),
    )
