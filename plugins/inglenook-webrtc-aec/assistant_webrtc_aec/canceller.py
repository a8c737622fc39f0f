"""The engine: first what the room does to the sound in a linear way, then AEC3 for all that is left."""

from typing import Self

import numpy as np
from pywebrtc_audio import EchoCanceller

from assistant import SPEECH, AudioChunk, EngineError
from assistant_webrtc_aec.room import Floats, Room

__all__ = ["WebrtcAec"]

BLOCK = 160
"""Samples of one step: 10 ms, the only length that AEC3 knows."""
DELAY = 128
"""Samples by which AEC3's output lags behind: its filter bank's overlap and a block of 4 ms."""
REST = SPEECH.rate
"""Samples of silence from the speaker after which there is no echo, and the sound passes as it is."""


class WebrtcAec:
    """Take what is played out of what is heard.

    AEC3 alone lets no echo through, but little of a person who talks into it either. A linear filter before it takes
    most of the echo away and does nothing to the person, so that little is left to suppress.
    """

    def __init__(self, tail: float) -> None:
        """Follow echoes of up to *tail* seconds."""
        self._tail = tail
        self._room = Room(BLOCK, round(tail * SPEECH.rate))
        self._aec3 = EchoCanceller(SPEECH.rate)
        self._mic = _zeros(0)
        self._played = _zeros(0)
        self._passing = _zeros(DELAY)
        self._silence = REST

    def process(self, mic: AudioChunk, played: AudioChunk) -> AudioChunk:
        """Return the sound without the echo, in whole steps of 10 ms: what is left over waits for the next chunk.

        The timestamp is that of the first sample returned. Raises EngineError for sounds of different length.
        """
        if len(mic.audio) != len(played.audio):
            raise EngineError(f"{len(mic.audio)} bytes were heard while {len(played.audio)} were played")
        start = mic.timestamp - (len(self._mic) + DELAY) / SPEECH.rate
        self._mic = np.concatenate((self._mic, _floats(mic)))
        self._played = np.concatenate((self._played, _floats(played)))
        whole = len(self._mic) // BLOCK * BLOCK
        clean = [self._step(self._mic[at : at + BLOCK], self._played[at : at + BLOCK]) for at in range(0, whole, BLOCK)]
        self._mic, self._played = self._mic[whole:], self._played[whole:]
        return AudioChunk(_bytes(np.concatenate((_zeros(0), *clean))), SPEECH, start)

    def fork(self) -> Self:
        """Return a fresh canceller, for another device."""
        return type(self)(self._tail)

    def _step(self, mic: Floats, played: Floats) -> Floats:
        self._silence = 0 if played.any() else min(self._silence + BLOCK, REST)
        self._passing = np.concatenate((self._passing, mic))
        passing, self._passing = self._passing[:BLOCK], self._passing[BLOCK:]
        if self._silence >= REST:
            return passing
        return self._aec3.process(self._room.push(mic, played), played)


def _zeros(count: int) -> Floats:
    return np.zeros(count, np.float32)


def _floats(chunk: AudioChunk) -> Floats:
    samples: Floats = np.divide(np.frombuffer(chunk.audio, "<i2"), 32768, dtype=np.float32)
    return samples


def _bytes(samples: Floats) -> bytes:
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes()
