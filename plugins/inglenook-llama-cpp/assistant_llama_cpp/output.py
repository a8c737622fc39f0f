"""A reply as it is written: bytes of tokens in, deltas out."""

from collections.abc import Sequence

from assistant import TextDelta, ToolCall
from assistant_llama_cpp.calls import CallParser
from assistant_llama_cpp.text import StopTexts

__all__ = ["Output"]


class Output:
    """Decode, stop and tell calls from text.

    *tools* are the names that may be called; empty reads every word as text. *prefix* and *suffix* stand around what
    the model writes, as the frame of a call that it is made to fill. With *marked*, JSON by itself is no call.
    """

    def __init__(
        self,
        stops: Sequence[str] = (),
        tools: Sequence[str] = (),
        prefix: str = "",
        suffix: str = "",
        *,
        marked: bool = False,
    ) -> None:
        self._text = StopTexts(stops)
        self._calls = CallParser(tools, marked=marked) if tools else None
        self._suffix = suffix
        if self._calls and prefix:
            self._calls.push(prefix)

    @property
    def stopped(self) -> bool:
        """Return whether a stop text was met."""
        return self._text.stopped

    @property
    def called(self) -> bool:
        """Return whether a tool was called."""
        return self._calls is not None and self._calls.called

    @property
    def inside_call(self) -> str | None:
        """Return what was written of the call that is open, or None."""
        return self._calls.inside if self._calls else None

    def push(self, piece: bytes) -> list[TextDelta | ToolCall]:
        """Take the bytes of a token."""
        return self._deltas(self._text.push(piece))

    def end(self, complete: bool) -> list[TextDelta | ToolCall]:
        """Let go of what was held back; *complete* tells whether the model had come to its end."""
        deltas = self._deltas(self._text.push(b"", final=True))
        if self._calls:
            if complete and self._suffix:
                deltas += self._calls.push(self._suffix)
            deltas += self._calls.end(complete)
        return deltas

    def _deltas(self, text: str) -> list[TextDelta | ToolCall]:
        if self._calls:
            return self._calls.push(text) if text else []
        return [TextDelta(text)] if text else []
