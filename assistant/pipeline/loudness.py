"""How loud sound is."""

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise

from assistant.audio import AudioChunk

__all__ = ["decibels", "hiss"]

_SILENCE = 1e-10


def decibels(chunk: AudioChunk) -> float:
    """Return how loud a 16-bit chunk is, in decibels below full scale; -100 for silence."""
    return _decibels(array("h", chunk.audio))


def hiss(chunk: AudioChunk) -> float:
    """Return how loud the high notes of a 16-bit chunk are, in decibels below full scale: an "s" is made of them.

    The difference of neighbouring samples rises by 6 dB an octave, as a room's noise falls.
    """
    samples = array("h", chunk.audio)
    return _decibels([after - before for before, after in pairwise(samples)])


def _decibels(samples: Sequence[int]) -> float:
    power = sum(sample * sample for sample in samples) / max(1, len(samples)) / 32768**2
    return 10 * math.log10(power + _SILENCE)
