"""Two notes to be played on a speaker, and to be found again in what a microphone hears meanwhile."""

import math
from array import array
from collections.abc import Sequence

from assistant.audio import AudioChunk, AudioFormat

__all__ = ["NOTES", "hears_notes", "notes"]

NOTES = (1000.0, 1500.0)
"""Hertz, one after the other: within the band of every small speaker, and no harmonics of each other."""
_SECONDS = 0.3
"""How long each note lasts."""
_LEVEL = 0.1
"""Of full scale, -20 dB: heard across a room at a usual volume, and no fright."""
_FADE = 0.01
"""Seconds of fading in and out, so that it does not click."""
_WINDOW = 0.1
"""Seconds of sound that are looked at together."""
_SHARE = 0.3
"""Share of a window's power that must lie at the note: speech and music spread theirs."""
_FAINT = 1e-9
"""Power of full scale, -90 dB, below which there is nothing: the last bit."""


def notes(rate: int = 48_000) -> AudioChunk:
    """Return the two notes as 16-bit mono."""
    count, fade = round(_SECONDS * rate), round(_FADE * rate)
    samples = array("h")
    for hertz in NOTES:
        for n in range(count):
            swell = min(1.0, n / fade, (count - n) / fade)
            samples.append(round(32767 * _LEVEL * swell * math.sin(math.tau * hertz * n / rate)))
    return AudioChunk(samples.tobytes(), AudioFormat(rate))


def hears_notes(chunks: Sequence[AudioChunk]) -> bool:
    """Tell whether the notes sound in *chunks* (16-bit mono), the first before the second."""
    import numpy as np

    if not chunks:
        return False
    rate = chunks[0].format.rate
    samples = np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2") / 32768
    size = round(_WINDOW * rate)
    step = size // 2
    shape = np.hanning(size)
    at: dict[float, list[int]] = {hertz: [] for hertz in NOTES}
    for start in range(0, len(samples) - size + 1, step):
        power = np.abs(np.fft.rfft(samples[start : start + size] * shape)) ** 2 / (shape.sum() / 2) ** 2
        total = float(power[round(100 * size / rate) :].sum())  # without hum
        for hertz, found in at.items():
            centre = round(hertz * size / rate)
            if total > _FAINT and power[centre - 2 : centre + 3].sum() / total > _SHARE:
                found.append(start)
    first, second = (at[hertz] for hertz in NOTES)
    return bool(first and second) and min(first) < max(second)
