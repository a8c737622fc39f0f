"""The messages of `/v1/chat/completions`, and what they are to a chat engine."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from assistant.chat import ChatMessage, Part, TextPart, ToolCall, ToolResult
from assistant.http.drawing import check_json
from assistant.http.openai.ears import InputAudio
from assistant.http.openai.media import image_part
from assistant.http.problem import Problem

__all__ = ["Message", "arguments_of", "conversation", "pictures_in", "sounds_in"]


class TextContent(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """Words."""

    text: str


class RefusalContent(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    """Words by which a model would not do something."""

    refusal: str


class ImageUrl(msgspec.Struct, frozen=True):
    """Where a picture is: mostly in the address itself."""

    url: str


class ImageContent(msgspec.Struct, frozen=True, tag_field="type", tag="image_url"):
    """A picture."""

    image_url: ImageUrl | str

    @property
    def url(self) -> str:
        """Return the address."""
        return self.image_url if isinstance(self.image_url, str) else self.image_url.url


class AudioContent(msgspec.Struct, frozen=True, tag_field="type", tag="input_audio"):
    """Sound."""

    input_audio: InputAudio


class Function(msgspec.Struct, frozen=True):
    """What a model called, and with what: a JSON object, as text."""

    name: Annotated[str, Meta(max_length=256)]
    arguments: str


class Call(msgspec.Struct, frozen=True):
    """A call of a tool."""

    id: Annotated[str, Meta(max_length=256)]
    function: Function


Words = str | list[TextContent]


class SystemMessage(msgspec.Struct, frozen=True, tag_field="role", tag="system"):
    """Rules."""

    content: Words


class DeveloperMessage(msgspec.Struct, frozen=True, tag_field="role", tag="developer"):
    """Rules, as they are called since."""

    content: Words


class UserMessage(msgspec.Struct, frozen=True, tag_field="role", tag="user"):
    """A question."""

    content: str | list[TextContent | ImageContent | AudioContent]


class SaidBefore(msgspec.Struct, frozen=True):
    """An answer that was sound, by its id."""

    id: str


class AssistantMessage(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """An answer, or calls of tools."""

    content: str | list[TextContent | RefusalContent] | None = None
    tool_calls: list[Call] | None = None
    audio: SaidBefore | None = None


class ToolMessage(msgspec.Struct, frozen=True, tag_field="role", tag="tool"):
    """What a tool returned."""

    content: Words
    tool_call_id: Annotated[str, Meta(max_length=256)]


Message = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage


def sounds_in(messages: Sequence[Message]) -> dict[str, InputAudio]:
    """Return the sounds of *messages*, by their keys."""
    return {f"{key}.input_audio": part.input_audio for key, part in _asked(messages) if isinstance(part, AudioContent)}


def pictures_in(messages: Sequence[Message]) -> dict[str, str]:
    """Return the addresses of the pictures of *messages*, by their keys."""
    return {f"{key}.image_url": part.url for key, part in _asked(messages) if isinstance(part, ImageContent)}


def _asked(messages: Sequence[Message]) -> Iterator[tuple[str, object]]:
    """Yield the parts of the user's messages, with their keys."""
    for n, message in enumerate(messages):
        if isinstance(message, UserMessage) and not isinstance(message.content, str):
            for m, part in enumerate(message.content):
                yield f"messages[{n}].content[{m}]", part


def conversation(messages: Sequence[Message], media: Mapping[str, Part]) -> tuple[ChatMessage, ...]:
    """Return *messages* as an engine takes them, where *media* are sounds, and pictures of elsewhere, by their keys.

    Raises Problem, ImageError for what cannot be taken.
    """
    return tuple(_message(message, f"messages[{n}]", media) for n, message in enumerate(messages))


def _message(message: Message, key: str, media: Mapping[str, Part]) -> ChatMessage:
    match message:
        case SystemMessage(content) | DeveloperMessage(content):
            return ChatMessage("system", _parts(content, key, media))
        case UserMessage(content):
            return ChatMessage("user", _parts(content, key, media))
        case AssistantMessage(content, calls, said):
            if said is not None and not content:
                hint = "send its transcript as `content`"
                raise Problem(400, "unsupported", f"{key}.audio: no sound is kept here", hint, key=f"{key}.audio")
            called = (_call(call, f"{key}.tool_calls[{n}]") for n, call in enumerate(calls or ()))
            return ChatMessage("assistant", (*_parts(content or "", key, media), *called))
        case ToolMessage(content, call_id):
            words = "".join(part.text for part in _parts(content, key, media) if isinstance(part, TextPart))
            return ChatMessage("tool", (ToolResult(call_id, words),))


def _parts(content: str | Sequence[Any], key: str, media: Mapping[str, Part]) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (TextPart(content),) if content else ()
    return tuple(_part(part, f"{key}.content[{n}]", media) for n, part in enumerate(content))


def _part(
    part: TextContent | RefusalContent | ImageContent | AudioContent, key: str, media: Mapping[str, Part]
) -> Part:
    match part:
        case TextContent(words) | RefusalContent(words):
            return TextPart(words)
        case ImageContent():
            return media.get(f"{key}.image_url") or image_part(part.url, f"{key}.image_url")
        case AudioContent():
            return media[f"{key}.input_audio"]


def _call(call: Call, key: str) -> ToolCall:
    return ToolCall(call.id, call.function.name, arguments_of(call.function.arguments, f"{key}.function.arguments"))


def arguments_of(text: str, key: str) -> dict[str, Any]:
    """Return the JSON object that *text* is; raises Problem where it is none."""
    try:
        arguments = msgspec.json.decode(text or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(400, "bad_request", f"{key} is no JSON object: {error}", key=key) from None
    check_json(arguments, key)
    return arguments
