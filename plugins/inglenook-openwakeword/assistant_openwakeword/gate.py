"""Is there any sound at all? Some microseconds a frame, so that a silent room costs nothing else."""

import numpy as np
import numpy.typing as npt

from assistant import SPEECH
from assistant_openwakeword.features import FRAME, Samples

__all__ = ["SoundGate"]

BANDS = (150, 300, 500, 750, 1100, 1600, 2300, 3200, 4500)
"""Edges in hertz of the bands in which speech is looked for; hum, rumble and hiss lie outside."""
MEMORY = 100
"""Frames (8 s) over which the noise of the room is estimated: longer than people speak without pauses."""
CALM = MEMORY // 5
"""The noise in a band is the level that this many of the remembered frames stay below."""
HOLD = 19
"""Frames (1.5 s) for which the gate stays open after the last sound: a word is scored well within it."""
QUIETEST = 1e-9
"""Power of full scale, -90 dB, below which levels are not told apart: about the last of 16 bits."""

_EDGES = np.round(np.array(BANDS) * FRAME / SPEECH.rate).astype(int)
_WINDOW = np.hanning(FRAME).astype(np.float32)
_FULL_SCALE = 32768**2 * np.sum(_WINDOW**2) * np.diff(_EDGES)


class SoundGate:
    """Open while some band of speech is louder than the room's own noise in it.

    Looking at bands hears a faint voice through a fan or a humming fridge. A new steady noise counts as the room's own
    after some seconds. At the start the room counts as silent, so the gate is open until its noise is known.
    """

    def __init__(self, rise: float) -> None:
        self._rise = rise
        self._levels = np.full((MEMORY, len(BANDS) - 1), 10 * np.log10(QUIETEST))
        self._frames = 0
        self._quiet = HOLD

    def push(self, frame: Samples) -> bool:
        """Take the next *frame* `[FRAME]` and return whether the gate is open."""
        levels = _levels(frame)
        self._levels[self._frames % MEMORY] = levels
        self._frames += 1
        noise = np.partition(self._levels, CALM, axis=0)[CALM]
        sound = bool(np.max(levels - noise) >= self._rise)
        self._quiet = 0 if sound else self._quiet + 1
        return self._quiet < HOLD


def _levels(frame: Samples) -> npt.NDArray[np.float64]:
    """Return the mean level of each band, in decibels of full scale."""
    spectrum = np.fft.rfft(frame * _WINDOW)
    power = np.add.reduceat(np.abs(spectrum) ** 2, _EDGES)[:-1] / _FULL_SCALE
    levels: npt.NDArray[np.float64] = 10 * np.log10(power + QUIETEST)
    return levels
