"""From the bytes of tokens to text that may leave: whole characters, up to the first stop text."""

import codecs
from collections.abc import Sequence

__all__ = ["StopTexts", "undecided"]


def undecided(text: str, marks: Sequence[str]) -> int:
    """Return how many characters at the end of *text* could be the start of one of *marks*."""
    longest = max(map(len, marks), default=0)
    for size in range(min(len(text), longest - 1), 0, -1):
        if any(mark.startswith(text[-size:]) for mark in marks if len(mark) > size):
            return size
    return 0


class StopTexts:
    """Decode UTF-8 as it comes, and end at the first of the *stops*, wherever tokens divide it."""

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._stops = tuple(filter(None, stops))
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stopped = False
        """Whether a stop text was met."""

    def push(self, piece: bytes, final: bool = False) -> str:
        """Return what may leave now; *final* lets go of what was held back."""
        if not self._stops:
            return self._decoder.decode(piece, final)
        if self.stopped:
            return ""
        text = self._held + self._decoder.decode(piece, final)
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = 0 if final else undecided(text, self._stops)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]
