"""How loud sound is."""

import math
from array import array

from assistant.audio import AudioChunk

__all__ = ["decibels"]

_SILENCE = 1e-10


def decibels(chunk: AudioChunk) -> float:
    """Return how loud a 16-bit chunk is, in decibels below full scale; -100 for silence."""
    samples = array("h", chunk.audio)
    power = sum(sample * sample for sample in samples) / max(1, len(samples)) / 32768**2
    return 10 * math.log10(power + _SILENCE)
