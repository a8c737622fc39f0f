"""What `/v1/chat/completions` is asked."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from assistant.chat import ChatRequest, Part
from assistant.http.openai.formats import AnyObject, NestedSchema, PlainText, schema_of
from assistant.http.openai.messages import Message, conversation
from assistant.http.openai.mouth import OutputAudio
from assistant.http.openai.parameters import TOKENS, MaxTokens, TextParameters, check_parts
from assistant.http.openai.tools import AllowMode, FunctionTool, ToolName, allowed, choice_of, specs
from assistant.http.problem import Problem

__all__ = ["ChatBody"]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """What the model may call."""

    type: Literal["function"]
    function: FunctionTool


class NamedFunction(msgspec.Struct, frozen=True):
    """The name of a function."""

    name: ToolName


class NamedTool(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="function"):
    """One tool: as a choice, that which must be called."""

    function: NamedFunction


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """The tools that may be called this time."""

    mode: AllowMode
    tools: Annotated[list[NamedTool], Meta(min_length=1, max_length=128)]


class AllowedTools(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="allowed_tools"):
    """A choice of several."""

    allowed_tools: Allowed


class ChatBody(TextParameters, frozen=True, kw_only=True):
    """A conversation, and how it is to go on. The last three are refused: what they ask for cannot be had."""

    messages: Annotated[list[Message], Meta(min_length=1, max_length=10_000)]
    max_tokens: MaxTokens | None = None
    max_completion_tokens: MaxTokens | None = None
    n: Annotated[int, Meta(ge=1, le=8)] | None = None
    tools: Annotated[list[Tool], Meta(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | AllowedTools | None = None
    parallel_tool_calls: bool | None = None
    response_format: PlainText | AnyObject | NestedSchema | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    audio: OutputAudio | None = None
    logit_bias: Annotated[dict[str, float], Meta(max_length=0)] | None = None
    functions: Annotated[list[Any], Meta(max_length=0)] | None = None
    function_call: Literal["none", "auto"] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for too many parts."""
        check_parts(message.content for message in self.messages)

    @property
    def limit(self) -> int | None:
        """Return the tokens after which the reply is to be cut."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def spoken(self) -> OutputAudio | None:
        """Return how the reply is to sound, None for a written one; raises Problem where that is left open."""
        if "audio" not in (self.modalities or ()):
            return None
        if self.audio is None:
            raise Problem(400, "bad_request", "audio: say in which format the reply is to sound", key="audio")
        if (self.n or 1) > 1:
            raise Problem(400, "unsupported", "n: only one reply is spoken", key="n")
        return self.audio

    def request(self, media: Mapping[str, Part]) -> ChatRequest:
        """Return what an engine is asked, where *media* are sounds, and pictures of elsewhere, by their keys.

        Raises Problem, ImageError for what it cannot be asked.
        """
        if self.top_logprobs and not self.logprobs:
            raise Problem(400, "bad_request", "top_logprobs: there are none without logprobs", key="top_logprobs")
        tools = specs([tool.function for tool in self.tools or ()])
        match self.tool_choice:
            case NamedTool(function=function):
                wanted: str | None = function.name
            case AllowedTools(allowed_tools=these):
                tools, wanted = allowed([tool.function.name for tool in these.tools], tools), these.mode
            case wanted:
                pass
        return ChatRequest(
            conversation(self.messages, media),
            tools=tools,
            tool_choice=choice_of(wanted, tools),
            schema=schema_of(self.response_format, "response_format"),
            sampling=self.sampling(),
            max_tokens=self.limit or TOKENS,
            stop=self.stops(),
            logprobs=(self.top_logprobs or 0) if self.logprobs else None,
        )
