"""What clients send: one struct for each event."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from assistant.chat import ChatMessage, Part, TextPart, ToolCall, ToolResult
from assistant.http.openai.media import image_part
from assistant.http.openai.messages import arguments_of
from assistant.http.openai.tools import ToolName
from assistant.http.problem import Problem, misfit
from assistant.http.realtime.settings import Change, SessionChange

__all__ = [
    "Append",
    "CancelResponse",
    "Clear",
    "Commit",
    "CreateItem",
    "CreateResponse",
    "DeleteItem",
    "Event",
    "NewItem",
    "RetrieveItem",
    "TruncateItem",
    "UpdateSession",
    "UpdateTranscription",
    "id_of",
    "message_of",
    "read_event",
    "sound_in",
]

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=200_000)]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that a client wants."""

    event_id: Annotated[str, Meta(max_length=512)] | None = None


class UpdateSession(_Event, frozen=True, kw_only=True, tag="session.update"):
    """Set something of the session."""

    session: SessionChange


class UpdateTranscription(_Event, frozen=True, kw_only=True, tag="transcription_session.update"):
    """The same, as the beta calls it where nothing is answered."""

    session: Change


class Append(_Event, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    """More sound, in base64."""

    audio: str


class Commit(_Event, frozen=True, tag="input_audio_buffer.commit"):
    """What was sent is all that was said."""


class Clear(_Event, frozen=True, tag="input_audio_buffer.clear"):
    """Forget what was sent."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message: its words, a picture, or sound in base64."""

    type: Literal["input_text", "output_text", "text", "input_image", "input_audio", "output_audio", "audio"]
    text: Text | None = None
    transcript: Text | None = None
    image_url: str | None = None
    audio: str | None = None


class NewMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """Something that was said."""

    role: Literal["user", "assistant", "system", "developer"]
    content: Annotated[list[Content], Meta(max_length=64)]
    id: Id | None = None


class NewCall(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    """A call that a model made."""

    call_id: Id
    name: ToolName
    arguments: Text
    id: Id | None = None


class NewResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="function_call_output"):
    """What came of a call."""

    call_id: Id
    output: Text
    id: Id | None = None


NewItem = NewMessage | NewCall | NewResult


class CreateItem(_Event, frozen=True, kw_only=True, tag="conversation.item.create"):
    """Add to the conversation."""

    item: NewItem
    previous_item_id: Id | None = None


class RetrieveItem(_Event, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    """Tell an item as it is now."""

    item_id: Id


class DeleteItem(_Event, frozen=True, kw_only=True, tag="conversation.item.delete"):
    """Take out of the conversation."""

    item_id: Id


class TruncateItem(_Event, frozen=True, kw_only=True, tag="conversation.item.truncate"):
    """Only so much of an answer was heard."""

    item_id: Id
    audio_end_ms: Annotated[int, Meta(ge=0)]


class ResponseChange(Change, frozen=True, kw_only=True):
    """What one response is to differ in."""

    conversation: Literal["auto"] | None = None
    input: None = None
    metadata: Metadata | None = None


class CreateResponse(_Event, frozen=True, kw_only=True, tag="response.create"):
    """Answer."""

    response: ResponseChange | None = None


class CancelResponse(_Event, frozen=True, kw_only=True, tag="response.cancel"):
    """Do not go on with an answer."""

    response_id: Id | None = None


Event = (
    UpdateSession
    | UpdateTranscription
    | Append
    | Commit
    | Clear
    | CreateItem
    | RetrieveItem
    | DeleteItem
    | TruncateItem
    | CreateResponse
    | CancelResponse
)

_EVENTS: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class _Name(msgspec.Struct, frozen=True):
    event_id: str | None = None


def read_event(data: str | bytes) -> Event:
    """Return what a client wants; raises Problem where that cannot be told."""
    try:
        return _EVENTS.decode(data)
    except msgspec.ValidationError as error:
        raise misfit(error, "invalid_value") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "invalid_json", f"that is no JSON: {error}") from None


def id_of(data: str | bytes) -> str | None:
    """Return what a client calls its event; None where nothing tells."""
    try:
        return msgspec.json.decode(data, type=_Name).event_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def sound_in(item: NewItem) -> str | None:
    """Return the sound that somebody said, in base64; None for an item that is none.

    Raises Problem for one that is more than that.
    """
    content = item.content if isinstance(item, NewMessage) else []
    sounds = [part.audio for part in content if part.type == "input_audio" and part.audio]
    if not sounds:
        return None
    if len(content) > 1 or not isinstance(item, NewMessage) or item.role != "user":
        raise Problem(400, "unsupported", "item.content: sound is an item of its own, of the user", key="item.content")
    return sounds[0]


def message_of(item: NewItem) -> ChatMessage:
    """Return an item as an engine takes it; raises Problem, ImageError for what cannot be taken."""
    match item:
        case NewMessage(role=role, content=content):
            said = "system" if role == "developer" else role
            return ChatMessage(said, tuple(_part(part, f"item.content[{n}]") for n, part in enumerate(content)))
        case NewCall(call_id=call_id, name=name, arguments=arguments):
            call = ToolCall(call_id, name, arguments_of(arguments, "item.arguments"))
            return ChatMessage("assistant", (call,))
        case NewResult(call_id=call_id, output=output):
            return ChatMessage("tool", (ToolResult(call_id, output),))


def _part(content: Content, key: str) -> Part:
    if content.type == "input_image":
        return image_part(content.image_url or "", f"{key}.image_url")
    return TextPart(content.text or content.transcript or "")
