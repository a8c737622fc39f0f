"""When samples were heard, told from when they arrived."""

__all__ = ["SampleClock"]

_FOLLOW = 0.01
"""Share of a delay that is taken for drift: jitter of 50 ms moves a timestamp by half a millisecond, and a crystal that
is off by 100 ppm is followed to within half a millisecond."""
_GAP = 0.5
"""Seconds of delay that no buffer explains: sound was lost."""


class SampleClock:
    """Stamp the blocks of one stream.

    A block may arrive late, by as much as threads and buffers please, but never early. So the clock counts samples,
    follows late arrivals slowly and early ones at once, and never goes backwards.
    """

    def __init__(self) -> None:
        self.end: float | None = None
        """The timestamp at which the last block ends, in seconds."""

    def stamp(self, arrived: float, duration: float, *, lost: bool = False) -> float:
        """Return when a block's first sample was heard, in seconds on the clock of *arrived*.

        *duration* is the block's length in seconds; *lost* says that samples are missing before it.
        """
        latest = arrived - duration
        if self.end is None:
            start = latest
        elif lost or latest - self.end > _GAP:
            start = max(latest, self.end)
        elif latest < self.end:
            start = max(latest, self.end - duration / 2)
        else:
            start = self.end + _FOLLOW * (latest - self.end)
        self.end = start + duration
        return start
