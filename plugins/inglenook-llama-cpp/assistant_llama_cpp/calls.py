"""Tool calls in the text of a reply.

Models write a call as `<tool_call>{"name": …, "arguments": {…}}</tool_call>` (Hermes, Qwen, SmolLM2), as a list after
`[TOOL_CALLS]` (Mistral), after `<|python_tag|>` or as nothing but JSON (Llama 3). All are read, whatever the model.
"""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from assistant import TextDelta, ToolCall
from assistant_llama_cpp.text import undecided

__all__ = ["CLOSE", "MARKS", "OPEN", "CallParser", "call_text", "calls_in"]

OPEN, CLOSE = "<tool_call>", "</tool_call>"
_CLOSED_BY = {OPEN: CLOSE, "[TOOL_CALLS]": "", "<|python_tag|>": ""}
"""What ends a call that starts so; empty where the end of the reply does."""
MARKS = (*_CLOSED_BY, CLOSE)
"""Texts that are shown even where the vocabulary holds them as control tokens."""
_BARE = re.compile(r"\s*\[?\s*\{")
"""How a reply starts that may be nothing but JSON."""
_MAYBE_BARE = re.compile(r"\s*\[?\s*")
"""How one starts that does not tell yet."""
_BARE_CALL = re.compile(r'\s*\[?\s*\{\s*"(name|type|function|parameters|arguments)"')
"""How JSON starts that was meant as a call."""


def call_text(name: str, arguments: Mapping[str, Any]) -> str:
    """Write a call as this engine asks for it where the template has no way of its own."""
    return f"{OPEN}\n{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}\n{CLOSE}"


def calls_in(text: str) -> list[ToolCall]:
    """Return the calls that *text* is, a JSON object or a list of such; none where it is anything else."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return []
    calls = [_call(item) for item in (value if isinstance(value, list) else [value])]
    return [call for call in calls if call] if all(calls) else []


def _call(item: object) -> ToolCall | None:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        return None
    arguments = item.get("arguments", item.get("parameters", {}))
    if isinstance(arguments, str):  # some models write the arguments as JSON within JSON
        try:
            arguments = msgspec.json.decode(arguments)
        except (msgspec.DecodeError, RecursionError):
            return None
    try:
        msgspec.msgpack.encode(arguments)
    except (OverflowError, RecursionError):  # numbers that no receiver takes
        return None
    if not isinstance(arguments, dict):
        return None
    return ToolCall(uuid.uuid4().hex[:9], item["name"], arguments)  # Mistral's templates want nine characters


class CallParser:
    """Tell text from calls as a reply is written; no part of a call leaves as text unless it turns out to be none.

    JSON without a mark is a call only if it is the whole reply and names one of *tools*, so a reply that starts as JSON
    is held back to its end; with *marked*, it is never a call, and leaves as it is written.
    """

    def __init__(self, tools: Sequence[str], *, marked: bool = False) -> None:
        self._tools = frozenset(tools)
        self._held = ""
        self._open = ""
        self._bare: bool | None = False if marked else None
        self._after_call = False
        self.called = False
        """Whether there was a call."""

    @property
    def inside(self) -> str | None:
        """Return what was written of the call that `<tool_call>` opened, or None outside of one."""
        return self._held if self._open == OPEN else None

    def push(self, text: str) -> list[TextDelta | ToolCall]:
        """Take more of the reply and return what is certain."""
        self._held += text
        if self._bare is None and not _MAYBE_BARE.fullmatch(self._held):
            self._bare = bool(_BARE.match(self._held))
        if self._bare is not False:
            return []
        out: list[TextDelta | ToolCall] = []
        while (step := self._next()) is not None:
            out += step
        return out

    def end(self, complete: bool) -> list[TextDelta | ToolCall]:
        """Return what is left. A call that was cut off (not *complete*) is dropped: half of one helps nobody."""
        held, mark = self._held, self._open
        self._held = self._open = ""
        calls = calls_in(held) if mark or self._bare else []
        if calls and (mark or all(call.name in self._tools for call in calls)):
            return self._called(calls)
        if not complete and (mark or (self._bare and _BARE_CALL.match(held))):
            return []
        return self._text(mark + held)

    def _next(self) -> list[TextDelta | ToolCall] | None:
        """Take one step through what is held; None if more is needed."""
        if not self._open:
            at, mark = min(((at, m) for m in _CLOSED_BY if (at := self._held.find(m)) >= 0), default=(-1, ""))
            if mark:
                before, self._held = self._held[:at], self._held[at + len(mark) :]
                self._open = mark
                return self._text(before)
            sure = len(self._held) - undecided(self._held, tuple(_CLOSED_BY))
            text, self._held = self._held[:sure], self._held[sure:]
            return self._text(text) if text else None
        close = _CLOSED_BY[self._open]
        body, found, rest = self._held.partition(close) if close else (self._held, "", "")
        if not found:
            return None
        mark, self._open, self._held = self._open, "", rest
        calls = calls_in(body)
        return self._called(calls) if calls else self._text(mark + body + close)

    def _text(self, text: str) -> list[TextDelta | ToolCall]:
        if self._after_call:
            text = text.lstrip()  # line breaks between calls are nobody's words
        self._after_call &= not text
        return [TextDelta(text)] if text else []

    def _called(self, calls: list[ToolCall]) -> list[TextDelta | ToolCall]:
        self.called = self._after_call = True
        return list(calls)
