"""How much of a prompt is read beside replies that are being written."""

from collections import deque
from statistics import median

__all__ = ["Pace"]

_STRETCH = 2.5
"""How many times as long as one without a prompt a step may take: words keep coming at less than half the pace."""
_UNKNOWN = 16
"""Tokens that are read as long as nothing was measured."""
_RECENT = 15
"""Measurements of which the middle one counts. A few outliers, as on a busy machine, change nothing."""


class Pace:
    """Learn what steps take, and say how many tokens of prompts the next one may read."""

    def __init__(self) -> None:
        self._writing: deque[float] = deque(maxlen=_RECENT)
        self._reading: deque[float] = deque(maxlen=_RECENT)

    def learn(self, seconds: float, written: int, read: int) -> None:
        """Take note of a step that wrote so many tokens and read so many of prompts."""
        if not read:
            self._writing.append(seconds)
        elif not written:
            self._reading.append(seconds / read)
        elif self._writing:
            self._reading.append(max(0.0, seconds - median(self._writing)) / read)

    @property
    def allowance(self) -> int:
        """Return the tokens of prompts that a step may read beside replies."""
        if not self._writing or not self._reading:
            return _UNKNOWN
        room, cost = (_STRETCH - 1) * median(self._writing), median(self._reading)
        return max(1, int(room / cost)) if cost else _UNKNOWN
