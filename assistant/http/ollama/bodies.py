"""What Ollama's clients ask a chat model, and the same as a `ChatRequest`."""

import base64
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from assistant.chat import ChatMessage, ChatRequest, ImagePart, Part, TextPart, ToolCall, ToolResult, ToolSpec
from assistant.http.drawing import Drawing, check_json
from assistant.http.ollama.dialect import KeepAlive, ModelName
from assistant.http.problem import Problem
from assistant.images import read_image

__all__ = ["Body", "ChatBody", "GenerateBody", "Options", "chat_request", "generate_request"]

_AT_ONCE = 128
"""Calls that are answered in another order than they were made in."""
_MOST_TOKENS = 8192
"""Tokens of a reply that has no other bound."""

_Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
_End = Annotated[str, Meta(max_length=256)]
_Images = Annotated[tuple[str, ...], Meta(max_length=8)] | None
_Format = Literal["", "json"] | dict[str, Any] | None


class Options(Drawing, frozen=True, kw_only=True):
    """How tokens are drawn, and when the reply ends."""

    seed: Annotated[int, Meta(ge=-(2**31), lt=2**32)] | None = None
    """Makes a drawn reply repeatable; below 0 it does not."""
    num_predict: Annotated[int, Meta(ge=-2, le=1_000_000)] | None = None
    """Tokens after which the reply is cut; below 0 at the end of the context."""
    stop: _End | Annotated[tuple[_End, ...], Meta(max_length=16)] | None = None
    """Texts that end the reply."""


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool."""

    name: _Name
    """The tool's name."""
    arguments: dict[str, Any] = {}
    """What it is given."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool, as it stands in a message."""

    function: Function
    """The call."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One contribution to the conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    """Who speaks."""
    content: str | None = ""
    """What is said."""
    images: _Images = ()
    """Pictures in base64."""
    tool_calls: tuple[Call, ...] | None = ()
    """What the model called."""
    tool_name: str | None = ""
    """Of which tool this is the result; where nothing is said, of the first that is not answered yet."""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is told of a tool."""

    name: _Name
    """Its name."""
    description: str | None = ""
    """When to call it."""
    parameters: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})
    """JSON schema of the arguments."""


class ToolBody(msgspec.Struct, frozen=True, kw_only=True):
    """A tool, as it is declared."""

    function: Declared
    """What the model is told."""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a chat model, be it a conversation or a prompt."""

    model: ModelName
    """Name of the model."""
    stream: bool | None = True
    """Whether the reply comes as it is written."""
    format: _Format = ""
    """`json`, or a JSON schema that the reply satisfies."""
    options: Options | None = None
    """How tokens are drawn."""
    keep_alive: KeepAlive = None
    """0 unloads the model, after its reply where there is one."""
    think: bool | str | None = None
    """Only false: what a model thinks is never told."""
    logprobs: bool | None = False
    """Whether it is told how likely each token of the reply was."""
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = 0
    """How many of the likeliest tokens are told beside each."""

    def check(self) -> None:
        """Raise Problem for what would change the reply, and nothing here can do."""
        if self.think:
            hint = "leave `think` out, or say false"
            raise Problem(400, "unsupported", f'"{self.model}" does not support thinking', hint, key="think")


class ChatBody(Body, frozen=True, kw_only=True):
    """Body of `/api/chat`."""

    messages: Annotated[tuple[Message, ...], Meta(max_length=10_000)] = ()
    """The conversation; nothing loads the model, or unloads it where `keep_alive` is 0."""
    tools: Annotated[tuple[ToolBody, ...], Meta(max_length=128)] | None = ()
    """What the model may call."""


class GenerateBody(Body, frozen=True, kw_only=True):
    """Body of `/api/generate`."""

    prompt: str | None = ""
    """The question; empty loads the model, or unloads it where `keep_alive` is 0."""
    system: str | None = ""
    """What the model is told first."""
    images: _Images = ()
    """Pictures in base64."""
    raw: bool | None = False
    """Only false: every model writes in its own template."""
    suffix: str | None = ""
    """Only empty: nothing is filled in before it."""
    template: str | None = ""
    """Only empty: every model has its own."""
    context: tuple[int, ...] | None = ()
    """Only empty: tokens of a reply before are not kept."""

    def check(self) -> None:
        """Raise Problem for what would change the meaning of the prompt, and nothing here can do."""
        super().check()
        for key in ("raw", "suffix", "template", "context"):
            if getattr(self, key):
                hint = "leave it out; a conversation goes to `/api/chat`"
                raise Problem(400, "unsupported", f"{key}: that cannot be set here", hint, key=key)


def chat_request(body: ChatBody) -> ChatRequest:
    """Return the request that a conversation is; raises Problem, ImageError."""
    waiting: list[tuple[str, str]] = []
    messages = tuple(_message(message, place, waiting) for place, message in enumerate(body.messages))
    tools = tuple(
        ToolSpec(tool.function.name, tool.function.description or "", tool.function.parameters)
        for tool in body.tools or ()
    )
    return _request(body, messages, tools)


def generate_request(body: GenerateBody) -> ChatRequest:
    """Return the request that a prompt is; raises Problem, ImageError."""
    system = (ChatMessage.of("system", body.system),) if body.system else ()
    user = ChatMessage("user", (TextPart(body.prompt or ""), *_images(body.images)))
    return _request(body, (*system, user), ())


def _request(body: Body, messages: tuple[ChatMessage, ...], tools: tuple[ToolSpec, ...]) -> ChatRequest:
    options = body.options or Options()
    sampling = options.sampling(options.seed if options.seed is not None and options.seed >= 0 else None)
    schema = {"type": "object"} if body.format == "json" else body.format or None
    check_json(schema, "format")
    for tool in tools:
        check_json(tool.parameters, "tools")
    cut = options.num_predict if options.num_predict is not None and options.num_predict > 0 else _MOST_TOKENS
    stop = (options.stop,) if isinstance(options.stop, str) else options.stop or ()
    return ChatRequest(
        messages,
        tools=tools,
        schema=schema,
        sampling=sampling,
        max_tokens=min(cut, _MOST_TOKENS),
        stop=tuple(text for text in stop if text),
        logprobs=(body.top_logprobs or 0) if body.logprobs else None,
    )


def _message(message: Message, place: int, waiting: list[tuple[str, str]]) -> ChatMessage:
    """Return a message; results of tools come without an id. *waiting* are the calls without one: tool and id."""
    if message.role == "tool":
        named = (one for one in waiting[:_AT_ONCE] if one[0] == message.tool_name)
        call = next(named, waiting[0] if waiting else None)
        if call is not None:
            waiting.remove(call)
        return ChatMessage("tool", (ToolResult(call[1] if call else f"call_{place}", message.content or ""),))
    parts: list[Part] = [TextPart(message.content)] if message.content else []
    parts += _images(message.images)
    for number, call_ in enumerate(message.tool_calls or ()):
        check_json(call_.function.arguments, "messages")
        id_ = f"call_{place}_{number}"
        waiting.append((call_.function.name, id_))
        parts.append(ToolCall(id_, call_.function.name, call_.function.arguments))
    return ChatMessage(message.role, tuple(parts))


def _images(images: _Images) -> list[Part]:
    try:
        return [ImagePart(read_image(base64.b64decode(image, validate=True))) for image in images or ()]
    except ValueError:  # binascii.Error among them
        raise Problem(400, "bad_request", "images: this is no base64", key="images") from None
