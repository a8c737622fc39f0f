"""A reply ends at the first of some texts, wherever the pieces in which it comes divide it."""

from collections.abc import Sequence

__all__ = ["Stops"]


class Stops:
    """Hold back what could be the beginning of a stop text."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(filter(None, stops))
        self._longest = max(map(len, self._stops), default=0)
        self._held = ""
        self.met = False
        """Whether a stop text came."""

    def push(self, piece: str, final: bool = False) -> str:
        """Return what may leave now; *final* lets go of what was held back."""
        if self.met:
            return ""
        text = self._held + piece
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.met, self._held = True, ""
            return text[: min(found)]
        keep = 0 if final else self._undecided(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _undecided(self, text: str) -> int:
        """Return how many characters at the end of *text* could be the beginning of a stop text."""
        for size in range(min(len(text), self._longest - 1), 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stops if len(stop) > size):
                return size
        return 0
