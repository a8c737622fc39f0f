"""The engine: one stream of sound, a probability every 32 ms."""

import math
from collections.abc import Sequence
from typing import Self

import numpy as np

from assistant import SPEECH, AudioChunk, SpeechProbability
from assistant_silero_vad.model import CONTEXT, FRAME, Floats, Model, State

__all__ = ["SileroVad"]

LOST = 0.1
"""Seconds by which a chunk may be off before the clock jumps to it: sound was lost, or the source began anew."""
PULL = 0.05
"""Share of a smaller difference by which the clock moves with each chunk: jitter averages out, drift is followed."""


class SileroVad:
    """Tell speech from other sound.

    Frames follow each other without a gap, on a clock that is led by the timestamps of the chunks but does not shake
    with them. Only where sound was lost is there a gap.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._state = State()
        self._context: Floats = np.zeros(CONTEXT, np.float32)
        self._pending = b""
        self._clock = -math.inf  # seconds: when the first pending sample was captured

    def push(self, chunk: AudioChunk) -> Sequence[SpeechProbability]:
        """Take the next chunk, of any length, and return the frames that it completes."""
        late = self._follow(chunk)
        self._pending += chunk.audio
        size = FRAME * SPEECH.frame
        frames = []
        while len(self._pending) >= size:
            frame, self._pending = self._pending[:size], self._pending[size:]
            start = self._clock
            self._clock += SPEECH.seconds(size) + PULL * late
            late = 0.0
            frames.append(SpeechProbability(self._probability(frame), start, self._clock))
        return frames

    def fork(self) -> Self:
        """Return a fresh stream over the same loaded model."""
        return type(self)(self._model)

    def _follow(self, chunk: AudioChunk) -> float:
        """Return by how many seconds *chunk* is later than the clock says; where that is too much, set the clock."""
        start = chunk.timestamp - SPEECH.seconds(len(self._pending))
        if abs(start - self._clock) > LOST:
            self._clock = start
        return start - self._clock

    def _probability(self, frame: bytes) -> float:
        samples: Floats = np.divide(np.frombuffer(frame, "<i2"), 32768, dtype=np.float32)
        probability, self._state = self._model(np.concatenate((self._context, samples)), self._state)
        self._context = samples[-CONTEXT:]
        return probability
