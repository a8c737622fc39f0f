"""The engine: one stream of sound, several words."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np

from assistant import SPEECH, AudioChunk, Detection
from assistant_openwakeword import OpenWakeWordConfig, Word
from assistant_openwakeword.features import FRAME, Features, Samples, frames_needed
from assistant_openwakeword.gate import SoundGate
from assistant_openwakeword.models import Models

__all__ = ["OpenWakeWord"]

CATCH_UP = 5
"""Frames scored in one step while there is a backlog: a few milliseconds of work, done in 0.5 s, before a word ends."""
REARM = 12
"""Frames (1 s) that a word must stay below its threshold before it can be heard again."""


class OpenWakeWord:
    """Hear wake words.

    While the gate is shut frames wait in a backlog, and the oldest fall out of it. When the gate opens the backlog is
    caught up, so a word is scored with the quiet before it, as if the models had run all along.
    """

    def __init__(self, models: Models, config: OpenWakeWordConfig) -> None:
        self._models = models
        self._config = config
        history = max(models.history(word) for word in models.words)
        backlog = frames_needed(history)
        self._features = Features(models, history)
        self._gate = SoundGate(config.gate)
        self._pending = b""
        silence = np.zeros(FRAME, np.int16)
        self._backlog: deque[tuple[Samples, float]] = deque([(silence, 0.0)] * backlog, maxlen=backlog)
        self._triggers = {name: Trigger(word) for name, word in config.words.items()}

    def push(self, chunk: AudioChunk) -> Sequence[Detection]:
        """Take the next chunk, of any length, and return the words that end in it."""
        return [found for frame, end in self._frames(chunk) for found in self._hear(frame, end)]

    def fork(self) -> Self:
        """Return a fresh stream over the same loaded models."""
        return type(self)(self._models, self._config)

    def _frames(self, chunk: AudioChunk) -> Iterator[tuple[Samples, float]]:
        """Cut the stream into frames, each with the time at which it ends."""
        self._pending += chunk.audio
        size = FRAME * SPEECH.frame
        while len(self._pending) >= size:
            frame, self._pending = self._pending[:size], self._pending[size:]
            yield np.frombuffer(frame, "<i2"), chunk.end - SPEECH.seconds(len(self._pending))

    def _hear(self, frame: Samples, end: float) -> Iterator[Detection]:
        if len(self._backlog) == self._backlog.maxlen:
            self._features.clear()  # the oldest frame falls out unheard
        self._backlog.append((frame, end))
        if self._gate.push(frame):
            for _ in range(min(CATCH_UP, len(self._backlog))):
                yield from self._score(*self._backlog.popleft())

    def _score(self, frame: Samples, end: float) -> Iterator[Detection]:
        embeddings = self._features.push(frame)
        for name, trigger in self._triggers.items():
            history = self._models.history(name)
            if len(embeddings) < history:
                continue
            score = float(self._models.words[name](embeddings[None, -history:]).item())
            if trigger.push(score):
                yield Detection(name, score, end)


class Trigger:
    """Turn the scores of a word into one event for each time it is spoken."""

    def __init__(self, word: Word) -> None:
        self._word = word
        self._above = 0
        self._below = REARM

    def push(self, score: float) -> bool:
        """Take the score of the next frame and return whether the word has just been heard."""
        if score < self._word.threshold:
            self._above = 0
            self._below += 1
            return False
        self._above += 1
        if self._above < self._word.patience:
            return False
        armed = self._below >= REARM
        self._below = 0
        return armed
