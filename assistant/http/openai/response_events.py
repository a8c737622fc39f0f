"""The events by which a response comes to be."""

import msgspec

from assistant.http.openai.response_answer import Item, OutputText, Response

__all__ = [
    "ArgumentsDone",
    "ArgumentsGrow",
    "Event",
    "ItemAdded",
    "ItemDone",
    "PartAdded",
    "PartDone",
    "ResponseCompleted",
    "ResponseCreated",
    "ResponseFailed",
    "ResponseInProgress",
    "ResponseIncomplete",
    "TextDone",
    "TextGrows",
]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A step of a response; the tag of each kind is what clients read as its `type`."""

    sequence_number: int


class ResponseCreated(Event, frozen=True, kw_only=True, tag="response.created"):
    """It begins."""

    response: Response


class ResponseInProgress(Event, frozen=True, kw_only=True, tag="response.in_progress"):
    """It is being written."""

    response: Response


class ResponseCompleted(Event, frozen=True, kw_only=True, tag="response.completed"):
    """It is complete."""

    response: Response


class ResponseIncomplete(Event, frozen=True, kw_only=True, tag="response.incomplete"):
    """It was cut."""

    response: Response


class ResponseFailed(Event, frozen=True, kw_only=True, tag="response.failed"):
    """It failed."""

    response: Response


class ItemAdded(Event, frozen=True, kw_only=True, tag="response.output_item.added"):
    """An item begins."""

    output_index: int
    item: Item


class ItemDone(Event, frozen=True, kw_only=True, tag="response.output_item.done"):
    """An item is complete."""

    output_index: int
    item: Item


class _OfItem(Event, frozen=True, kw_only=True):
    """A step of an item."""

    item_id: str
    output_index: int


class _OfPart(_OfItem, frozen=True, kw_only=True):
    """A step of a part of a message."""

    content_index: int = 0


class PartAdded(_OfPart, frozen=True, kw_only=True, tag="response.content_part.added"):
    """A part of a message begins."""

    part: OutputText


class PartDone(_OfPart, frozen=True, kw_only=True, tag="response.content_part.done"):
    """A part of a message is complete."""

    part: OutputText


class TextGrows(_OfPart, frozen=True, kw_only=True, tag="response.output_text.delta"):
    """More words of a part."""

    delta: str
    logprobs: tuple[()] = ()


class TextDone(_OfPart, frozen=True, kw_only=True, tag="response.output_text.done"):
    """All words of a part."""

    text: str
    logprobs: tuple[()] = ()


class ArgumentsGrow(_OfItem, frozen=True, kw_only=True, tag="response.function_call_arguments.delta"):
    """More of the arguments of a call."""

    delta: str


class ArgumentsDone(_OfItem, frozen=True, kw_only=True, tag="response.function_call_arguments.done"):
    """All arguments of a call."""

    name: str
    arguments: str
