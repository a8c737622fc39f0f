"""Where a voice has died away: a detector of voices remembers, and hears one for a while after its last sound.

Silero's probability stays above its threshold for 0.18 s (median of 13 recordings of people) after the sound has sunk
into the noise of the room. People wait that much longer for an answer, for nothing.
"""

from collections import deque

__all__ = ["NoiseFloor"]

_WINDOW = 3.0
"""Seconds of which the quietest moments are the room's."""
_QUIET = 0.05
"""Share of the moments that are quieter than the room is taken to be."""
_ABOVE = 6.0
"""Decibels above the room up to which nothing but the room is heard. With 8 the ends of soft words are lost; with 4.5
half of what there is to gain."""
_BACK = 12.0
"""Decibels above the room from which a voice is back that had sunk into it: a room's noise goes up and down."""
_SPEAKER = 20.0
"""Decibels by which a voice must have stood out of the room: beside music, or a crowd, loudness tells nothing."""
_SURE = 0.062
"""Seconds for which nothing but the room must be heard, in chunks that lie in it whole: before a "t" or a "k" it is as
quiet for 30 to 60 ms. What is drafted in such a moment would be in vain."""
_HISS = 7.0
"""Decibels of hiss above the room's from which it is an "s", or a "t": the ends of "lights" and "minutes" come after
a moment as quiet as the room, and stand out of it by their high notes only."""
_LASTING = 0.06
"""Seconds for which it must: noise does so for a moment."""


class _Room:
    """How loud the room is when nobody speaks, in one measure."""

    def __init__(self) -> None:
        self._moments: deque[tuple[float, float]] = deque()

    def above(self, end: float, level: float) -> float:
        """Return by how many decibels the chunk that ends at *end* (seconds) stands out of the quietest moments."""
        self._moments.append((end, level))
        while end - self._moments[0][0] >= _WINDOW:
            self._moments.popleft()
        levels = sorted(level for _, level in self._moments)
        return level - levels[int(_QUIET * len(levels))]


class NoiseFloor:
    """Follow how loud the room is when nobody speaks, and where a voice sinks into it."""

    def __init__(self) -> None:
        self._loud, self._hissing = _Room(), _Room()
        self._hisses: deque[tuple[float, float]] = deque()
        self._loudest = -float("inf")
        self._above = float("inf")
        self._sunk = False

    def sank(self, end: float, level: float, hiss: float, *, voiced: bool) -> float | None:
        """Take the chunk that ends at *end* (seconds); return when a voice that stood out of the room sank into it.

        *level* and *hiss* are `loudness.decibels` and `loudness.hiss` of it. None where no voice sank, or not for long
        enough to be sure.
        """
        above = self._loud.above(end, level)
        if voiced:
            self._loudest = max(self._loudest, level)
        stood_out = self._loudest - (level - above) >= _SPEAKER
        hisses = self._lasting(end, self._hissing.above(end, hiss))
        if above > (_BACK if self._sunk else _ABOVE) or hisses > _HISS or not stood_out:
            self._above = end
        self._sunk = end - self._above >= _SURE
        return self._above if self._sunk else None

    def _lasting(self, end: float, hiss: float) -> float:
        """Return the least of the latest hisses above the room."""
        self._hisses.append((end, hiss))
        while end - self._hisses[0][0] >= _LASTING:
            self._hisses.popleft()
        return min(hiss for _, hiss in self._hisses)
