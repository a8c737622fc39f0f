"""The sound that tells that somebody is listened to."""

import array
import math

from assistant.audio import SPEECH, AudioChunk

__all__ = ["chime"]

_NOTES = (880.0, 1318.5)
"""Hertz: a fifth upwards, as of a question."""
_NOTE = 0.07
"""Seconds of each: together less than the voiced sound that makes an utterance (`endpoint.min_speech`)."""
_LEVEL = 5000
"""Of 32767: as loud as quiet speech."""


def chime() -> AudioChunk:
    """Make two short rising notes."""
    count = round(SPEECH.rate * _NOTE)
    fade = SPEECH.rate // 100
    samples = array.array("h")
    for hertz in _NOTES:
        for n in range(count):
            level = _LEVEL * min(1.0, n / fade, (count - n) / fade)
            samples.append(round(level * math.sin(math.tau * hertz * n / SPEECH.rate)))
    return AudioChunk(samples.tobytes(), SPEECH)
