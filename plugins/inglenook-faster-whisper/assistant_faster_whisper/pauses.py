"""Where nobody speaks in a window, and so where what is said begins and ends.

The decoder looks at a pause while it writes the word behind it, or the sign before it: by its attention alone a word
begins where the one before ended, though nobody spoke for a second. stable-ts, too, moves such times to the sound
(https://github.com/jianfch/stable-ts, stabilization/nonvad.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assistant import TimedText

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pause", "between", "pauses"]

FRAME = 320
"""Samples of which one loudness is taken, 0.02 s: what a timestamp counts."""
SHORTEST = 10
"""Frames of the shortest pause: before a plosive it is quiet for up to 0.15 s."""
QUIET = 1 / 3
"""Below which part of the way from noise to voice, in decibels, it is quiet. Measured with tiny.en on sentences in
noise 20 and 10 dB below: with 1/4 and with 1/2 more times are wrong."""
RANGE = 48.0
"""Decibels from the voice to the faintest noise: where a part of the sound is nothing, a room is still a pause."""
BLUR = 0.1
"""Seconds by which the decoder looks beside a word."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which nobody speaks."""

    start: float
    """Seconds from the start of the window."""
    end: float
    """The same."""


def pauses(samples: "NDArray[np.float32]", rate: int) -> list[Pause]:
    """Return the pauses in *samples* (-1 to 1), in order; where noise is as loud as the voice, there are none."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    loudness = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-10)
    if not len(loudness):
        return []
    noise, voice = np.quantile(loudness, (0.1, 0.9))
    quiet = loudness < voice - (1 - QUIET) * min(voice - noise, RANGE)
    runs = np.flatnonzero(np.diff(quiet, prepend=False, append=False)).reshape(-1, 2)  # where one begins and ends
    return [Pause(start * FRAME / rate, end * FRAME / rate) for start, end in runs.tolist() if end - start >= SHORTEST]


def between(pauses: Sequence[Pause], words: Sequence[TimedText], seconds: float) -> Iterator[TimedText]:
    """Yield *words* (or segments) of a window of *seconds*, in order, without the pauses at which they begin or end.

    What lies between two of them is a pause, and sound of either.
    """
    ends = [0.0, *(word.end for word in words)]
    starts = [*(word.start for word in words[1:]), seconds]
    for word, since, until in zip(words, ends, starts, strict=False):
        before = [pause.end for pause in pauses if pause.start <= word.start + BLUR and since < pause.end < word.end]
        start = before[-1] if before else word.start
        behind = [pause.start for pause in pauses if pause.end >= word.end - BLUR and start < pause.start < until]
        yield replace(word, start=start, end=behind[0] if behind else word.end)
