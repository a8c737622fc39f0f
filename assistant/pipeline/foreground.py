"""Who speaks to the assistant, and who speaks behind: by how loud they are, as a television is not heard as the end."""

from bisect import insort
from collections import deque

__all__ = ["Foreground"]

_BEHIND = 9.0
"""Decibels below the speaker from which a voice is another's, farther away."""
_WINDOW = 1.0
"""Seconds of which the loudest moments are compared: any speaker is that much quieter for a shorter time."""
_LOUD = 0.9
"""Share of the moments that are quieter than what is compared, so that no click counts.

All three by benchmarks/television.py: beside a voice 10 dB below the end of speech is noticed after 0.9 s (the latest
of ten: 1.15 s), and nobody of 38 who go on is taken for another for longer than 0.1 to 0.6 s, which an unsure wait
outlasts."""


class Foreground:
    """Follow the loudness of one utterance."""

    def __init__(self) -> None:
        self.left: float | None = None
        """Seconds on the clock of the audio at which the speaker was heard last, where only others are heard since."""
        self._speaker: list[float] = []
        self._latest: deque[tuple[float, float]] = deque()
        self._last = 0.0

    def push(self, end: float, loud: float, *, voiced: bool) -> None:
        """Take the chunk that ends at *end* (seconds), *loud* decibels. The speaker is loudest while *voiced*."""
        self._latest.append((end, loud))
        while end - self._latest[0][0] >= _WINDOW:
            self._latest.popleft()
        if voiced:
            insort(self._speaker, loud)
        if not self._speaker:
            return
        enough = _high(self._speaker) - _BEHIND
        if loud >= enough:
            self._last = end
        self.left = None if _high(sorted(level for _, level in self._latest)) >= enough else self._last


def _high(levels: list[float]) -> float:
    return levels[min(len(levels) - 1, int(_LOUD * len(levels)))]
