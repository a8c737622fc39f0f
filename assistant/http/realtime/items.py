"""The conversation of a session, item by item, as the client may change it."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from assistant.chat import ChatMessage, ImagePart, Part, Role, TextPart, ToolCall, ToolResult
from assistant.http.problem import Problem
from assistant.http.realtime.wire import new_id
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.playback import Playback

__all__ = ["Item", "Items"]

_MOST = 1000
"""Items of a conversation."""
_BYTES = 20_000_000
"""Bytes of all that is in it."""


@dataclass(slots=True, kw_only=True)
class Item:
    """Something that was said, called or came of a call."""

    role: Role
    """Who did so."""
    parts: tuple[Part, ...] = ()
    """What it was; empty for what is not known yet."""
    spoken: bool = False
    """Whether it was sound."""
    status: str = "completed"
    """`in_progress`, `completed`, or `incomplete` for an answer that was cut off."""
    playback: Playback | None = None
    """When its words were said; None for what was not made here."""
    heard: float | None = None
    """Seconds of it that the client says were heard; None where it says nothing."""
    id: str = field(default_factory=lambda: new_id("item"))
    """What it is called."""

    def say(self, words: str) -> None:
        """Let it be these words."""
        self.parts = (TextPart(words),) if words else ()

    @property
    def words(self) -> str:
        """Return its words."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    def shown(self, *, beta: bool) -> dict[str, Any]:
        """Return what the client is told of it."""
        common = {"id": self.id, "object": "realtime.item", "status": self.status}
        match self.parts:
            case (ToolCall(call_id, name, arguments),):
                begun = self.status == "in_progress"  # its arguments are told as they grow
                text = "" if begun else msgspec.json.encode(arguments).decode()
                return common | {"type": "function_call", "call_id": call_id, "name": name, "arguments": text}
            case (ToolResult(call_id, content),):
                return common | {"type": "function_call_output", "call_id": call_id, "output": content}
        return common | {"type": "message", "role": self.role, "content": self._content(beta)}

    def _content(self, beta: bool) -> list[dict[str, Any]]:
        if self.role == "assistant":
            kind = ("" if beta else "output_") + ("audio" if self.spoken else "text")
            return [{"type": kind, "transcript" if self.spoken else "text": self.words}] if self.words else []
        if self.spoken:
            return [{"type": "input_audio", "transcript": self.words or None}]
        return [
            {"type": "input_text", "text": part.text} if isinstance(part, TextPart) else {"type": "input_image"}
            for part in self.parts
        ]

    @property
    def size(self) -> int:
        """Return about how many bytes it takes."""
        return sum(len(part.image.data) if isinstance(part, ImagePart) else len(str(part)) for part in self.parts)


class Items:
    """All of them, oldest first, and the conversation that they are to an engine."""

    def __init__(self) -> None:
        self.conversation = Conversation(new_id("conv"))
        """What engines are told."""
        self._items: list[Item] = []

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Put an item *after* another (`root` for the first place, None for the last); return what is before it.

        Raises Problem where it cannot be there.
        """
        if any(item.id == known.id for known in self._items):
            raise Problem(400, "item_exists", f"there is an item {item.id} already", key="item.id")
        if len(self._items) >= _MOST or sum(known.size for known in self._items) + item.size > _BYTES:
            raise Problem(400, "conversation_full", "the conversation has no room for more", "delete items of it")
        at = len(self._items) if after is None else 0 if after == "root" else self._items.index(self.find(after)) + 1
        self._items.insert(at, item)
        self.keep()
        return self._items[at - 1].id if at else None

    def make_room(self) -> None:
        """Forget the oldest item where there are as many as there may be."""
        if len(self._items) >= _MOST:
            self.delete(self._items[0].id)

    def before(self, item: Item) -> str | None:
        """Return what the item before one is called; None for the first, and for one that is not there any more."""
        ids = [known.id for known in self._items]
        at = ids.index(item.id) if item.id in ids else 0
        return ids[at - 1] if at else None

    def find(self, id_: str) -> Item:
        """Return an item; raises Problem where there is none."""
        for item in self._items:
            if item.id == id_:
                return item
        raise Problem(404, "item_not_found", f"there is no item {id_}", key="item_id")

    def delete(self, id_: str) -> None:
        """Take an item out; raises Problem where there is none."""
        self._items.remove(self.find(id_))
        self.keep()

    def keep(self) -> None:
        """Have the conversation be what the items are now."""
        messages = list[ChatMessage]()
        for item in self._items:
            if item.parts and messages and item.role == messages[-1].role == "assistant":
                messages[-1] = ChatMessage("assistant", messages[-1].parts + item.parts)
            elif item.parts:
                messages.append(ChatMessage(item.role, item.parts))
        self.conversation.keep(tuple(messages))
