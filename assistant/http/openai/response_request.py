"""What `/v1/responses` is asked."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from assistant.chat import ChatMessage, ChatRequest, Part, TextPart, ToolCall, ToolResult
from assistant.http.openai.ears import InputAudio
from assistant.http.openai.formats import AnyObject, FlatSchema, PlainText, schema_of
from assistant.http.openai.media import image_part
from assistant.http.openai.messages import arguments_of
from assistant.http.openai.parameters import TOKENS, MaxTokens, Parameters, check_parts
from assistant.http.openai.tools import AllowMode, FunctionTool, ToolName, allowed, choice_of, specs
from assistant.http.problem import Problem

__all__ = ["ResponseBody", "TextForm"]

Id = Annotated[str, Meta(max_length=256)]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a message: words, a picture or sound."""

    type: Literal["input_text", "output_text", "text", "refusal", "input_image", "input_audio"]
    text: str = ""
    refusal: str = ""
    image_url: str | None = None
    input_audio: InputAudio | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A message, a call, what came of a call, or thoughts; a message need not say that it is one."""

    type: Literal["message", "function_call", "function_call_output", "reasoning"] = "message"
    role: Literal["user", "system", "developer", "assistant"] = "user"
    content: str | list[Words] | None = None
    call_id: Id = ""
    name: Id = ""
    arguments: str = ""
    output: str | list[Words] = ""


class ResponseTool(FunctionTool, frozen=True, kw_only=True):
    """A function of the program that asks."""

    type: Literal["function"]


class NamedFunction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="function"):
    """One function: as a choice, that which must be called."""

    name: ToolName


class AllowedTools(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="allowed_tools"):
    """The functions that may be called this time."""

    mode: AllowMode
    tools: Annotated[list[NamedFunction], Meta(min_length=1, max_length=128)]


class TextForm(msgspec.Struct, frozen=True):
    """The form of the words."""

    format: PlainText | AnyObject | FlatSchema | None = None


class ResponseBody(Parameters, frozen=True, kw_only=True):
    """What was said and done, and how it is to go on. The last two are refused: what they ask for cannot be had."""

    input: str | Annotated[list[Item], Meta(min_length=1, max_length=10_000)]
    instructions: str | None = None
    max_output_tokens: MaxTokens | None = None
    tools: Annotated[list[ResponseTool], Meta(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedFunction | AllowedTools | None = None
    parallel_tool_calls: bool | None = None
    text: TextForm | None = None
    previous_response_id: str | None = None
    conversation: str | dict[str, Any] | None = None
    background: bool | None = None
    metadata: dict[str, str] | None = None
    prompt: None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=0)] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for too many parts."""
        check_parts(one for item in self.input if isinstance(item, Item) for one in (item.content, item.output))

    def sounds(self) -> dict[str, InputAudio]:
        """Return the sounds of the messages, by their keys."""
        return {
            f"{key}.input_audio": part.input_audio
            for key, part in self._said()
            if part.type == "input_audio" and part.input_audio
        }

    def pictures(self) -> dict[str, str]:
        """Return the addresses of the pictures of the messages, by their keys."""
        return {f"{key}.image_url": part.image_url or "" for key, part in self._said() if part.type == "input_image"}

    def _said(self) -> Iterator[tuple[str, Words]]:
        """Yield the parts of the messages, with their keys."""
        for n, item in enumerate(self.input):
            if isinstance(item, Item) and item.type == "message" and isinstance(item.content, list):
                for m, part in enumerate(item.content):
                    yield f"input[{n}].content[{m}]", part

    def request(self, media: Mapping[str, Part]) -> ChatRequest:
        """Return what an engine is asked, where *media* are sounds, and pictures of elsewhere, by their keys.

        Raises Problem, ImageError for what it cannot be asked.
        """
        self._check()
        tools = specs(self.tools or ())
        match self.tool_choice:
            case NamedFunction(name=name):
                wanted: str | None = name
            case AllowedTools():
                tools = allowed([tool.name for tool in self.tool_choice.tools], tools)
                wanted = self.tool_choice.mode
            case wanted:
                pass
        return ChatRequest(
            self._conversation(media),
            tools=tools,
            tool_choice=choice_of(wanted, tools),
            schema=schema_of(self.text.format, "text.format") if self.text else None,
            sampling=self.sampling(),
            max_tokens=self.max_output_tokens or TOKENS,
        )

    def _check(self) -> None:
        if self.previous_response_id:
            message, hint = "previous_response_id: no response is kept here", "send the whole conversation as `input`"
            raise Problem(400, "unsupported", message, hint, key="previous_response_id")
        if self.conversation is not None:
            message, hint = "conversation: no conversation is kept here", "send the whole conversation as `input`"
            raise Problem(400, "unsupported", message, hint, key="conversation")
        if self.background:
            raise Problem(400, "unsupported", "background: no response is kept here", "leave it out", key="background")

    def _conversation(self, media: Mapping[str, Part]) -> tuple[ChatMessage, ...]:
        rules = [ChatMessage.of("system", self.instructions)] if self.instructions else []
        if isinstance(self.input, str):
            return (*rules, ChatMessage.of("user", self.input))
        said = [_message(item, f"input[{n}]", media) for n, item in enumerate(self.input) if item.type != "reasoning"]
        return tuple(_joined([*rules, *said]))


def _message(item: Item, key: str, media: Mapping[str, Part]) -> ChatMessage:
    if item.type == "function_call":
        call = ToolCall(item.call_id, item.name, arguments_of(item.arguments, f"{key}.arguments"))
        return ChatMessage("assistant", (call,))
    if item.type == "function_call_output":
        if any(part.type in ("input_image", "input_audio") for part in item.output if isinstance(part, Words)):
            message, hint = f"{key}.output: a model is told results by words", "send it in a message of the user"
            raise Problem(400, "unsupported", message, hint, key=f"{key}.output")
        words = "".join(part.text for part in _parts(item.output, key, media) if isinstance(part, TextPart))
        return ChatMessage("tool", (ToolResult(item.call_id, words),))
    role = "system" if item.role == "developer" else item.role
    return ChatMessage(role, _parts(item.content or "", key, media))


def _parts(content: str | list[Words], key: str, media: Mapping[str, Part]) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (TextPart(content),) if content else ()
    return tuple(_part(part, f"{key}.content[{n}]", media) for n, part in enumerate(content))


def _part(part: Words, key: str, media: Mapping[str, Part]) -> Part:
    if part.type == "input_image":
        return media.get(f"{key}.image_url") or image_part(part.image_url or "", f"{key}.image_url")
    if part.type == "input_audio" and part.input_audio is None:
        raise Problem(400, "bad_request", f"{key}.input_audio: there is no sound", key=f"{key}.input_audio")
    return media.get(f"{key}.input_audio") or TextPart(part.text or part.refusal)


def _joined(messages: Iterable[ChatMessage]) -> Iterator[ChatMessage]:
    """Make one message of what the assistant said and called in a row, as engines know it."""
    for role, row in groupby(messages, lambda message: message.role):
        if role == "assistant":
            yield ChatMessage(role, tuple(part for message in row for part in message.parts))
        else:
            yield from row
