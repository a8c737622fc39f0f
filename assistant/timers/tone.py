"""The sound of something that rings."""

import array
import math
from functools import cache

from assistant.audio import SPEECH, AudioChunk
from assistant.timers.timer import Kind

__all__ = ["tone"]

_NOTES: dict[Kind, tuple[float, ...]] = {
    Kind.TIMER: (1046.5, 1318.5, 1568.0, 0.0, 1046.5, 1318.5, 1568.0),
    Kind.ALARM: (659.3, 784.0, 987.8, 1318.5, 0.0, 659.3, 784.0, 987.8, 1318.5),
    Kind.REMINDER: (784.0, 1046.5),
}
"""Hertz; 0 is a rest. Above the voice's own pitch, so that somebody who says "stop" is still understood."""
_NOTE = 0.16
"""Seconds of each."""
_LEVEL = 9000
"""Of 32767 at the beginning of a note: as loud as speech, and it dies away like a bell."""
_DYING = 9.0
"""How fast: the exponent at the end of a second."""


@cache
def tone(kind: Kind) -> AudioChunk:
    """Make the notes of one ring."""
    count, fade = round(SPEECH.rate * _NOTE), SPEECH.rate // 200
    samples = array.array("h")
    for hertz in _NOTES[kind]:
        for n in range(count):
            level = _LEVEL * min(1.0, n / fade, (count - n) / fade) * math.exp(-_DYING * n / SPEECH.rate)
            samples.append(round(level * math.sin(math.tau * hertz * n / SPEECH.rate)))
    return AudioChunk(samples.tobytes(), SPEECH)
