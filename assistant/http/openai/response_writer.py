"""From the deltas of a reply to the events of a response."""

import uuid
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from assistant.chat import ChatDelta, Done, TextDelta, ToolCall
from assistant.http.openai.response_answer import (
    CallItem,
    Incomplete,
    MessageItem,
    OutputText,
    Response,
    ResponseError,
    Status,
    tokens,
)
from assistant.http.openai.response_events import (
    ArgumentsDone,
    ArgumentsGrow,
    Event,
    ItemAdded,
    ItemDone,
    PartAdded,
    PartDone,
    ResponseCompleted,
    ResponseCreated,
    ResponseFailed,
    ResponseIncomplete,
    ResponseInProgress,
    TextDone,
    TextGrows,
)

__all__ = ["Writer"]

EventT = TypeVar("EventT", bound=Event)


class Writer:
    """Write a response, step by step."""

    def __init__(self, response: Response) -> None:
        self.response = response
        """The response as far as it has come."""
        self._steps = 0
        self._message = ""
        self._words: list[str] = []

    def begin(self) -> Iterator[Event]:
        """Yield what comes before anything is written."""
        yield self._event(ResponseCreated, response=self.response)
        yield self._event(ResponseInProgress, response=self.response)

    def take(self, delta: ChatDelta) -> Iterator[Event]:
        """Yield what comes of one delta of the reply."""
        match delta:
            case TextDelta(text):
                yield from self._more(text)
            case ToolCall():
                yield from self._end_message("completed")
                yield from self._call(delta)
            case Done(reason, usage):
                cut = reason == "length"
                yield from self._end_message("incomplete" if cut else "completed")
                self._change(usage=tokens(usage), status="incomplete" if cut else "completed")
                if cut:
                    self._change(incomplete_details=Incomplete())
                yield self._event(ResponseIncomplete if cut else ResponseCompleted, response=self.response)

    def fail(self, code: str, message: str) -> Event:
        """Return the end of a response that fails."""
        self._change(status="failed", error=ResponseError(code, message))
        return self._event(ResponseFailed, response=self.response)

    def _more(self, text: str) -> Iterator[Event]:
        if not self._message:
            self._message = _id("msg")
            item = MessageItem(id=self._message, status="in_progress", content=[])
            yield self._event(ItemAdded, output_index=self._index, item=item)
            yield self._of_message(PartAdded, part=OutputText(""))
        self._words.append(text)
        yield self._of_message(TextGrows, delta=text)

    def _end_message(self, status: Status) -> Iterator[Event]:
        if not self._message:
            return
        part = OutputText("".join(self._words))
        yield self._of_message(TextDone, text=part.text)
        yield self._of_message(PartDone, part=part)
        yield from self._add(MessageItem(id=self._message, status=status, content=[part]))
        self._message, self._words = "", []

    def _call(self, call: ToolCall) -> Iterator[Event]:
        arguments = msgspec.json.encode(call.arguments).decode()
        done = CallItem(id=_id("fc"), call_id=call.call_id, name=call.name, arguments=arguments, status="completed")
        begun = msgspec.structs.replace(done, arguments="", status="in_progress")
        place = {"item_id": done.id, "output_index": self._index}
        yield self._event(ItemAdded, output_index=self._index, item=begun)
        yield self._event(ArgumentsGrow, **place, delta=arguments)
        yield self._event(ArgumentsDone, **place, name=call.name, arguments=arguments)
        yield from self._add(done)

    def _add(self, item: MessageItem | CallItem) -> Iterator[Event]:
        index = self._index
        self._change(output=[*self.response.output, item])
        yield self._event(ItemDone, output_index=index, item=item)

    @property
    def _index(self) -> int:
        """Return the place of the next item."""
        return len(self.response.output)

    def _change(self, **fields: Any) -> None:
        self.response = msgspec.structs.replace(self.response, **fields)

    def _of_message(self, kind: type[EventT], **fields: Any) -> EventT:
        return self._event(kind, item_id=self._message, output_index=self._index, **fields)

    def _event(self, kind: type[EventT], **fields: Any) -> EventT:
        event = kind(sequence_number=self._steps, **fields)
        self._steps += 1
        return event


def _id(kind: str) -> str:
    return f"{kind}_{uuid.uuid4().hex}"
