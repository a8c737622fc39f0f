"""When an utterance begins, pauses and ends: pure, probabilities in, events out."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from assistant.config.assistants import EndpointConfig
from assistant.speech import SpeechProbability

__all__ = ["Ended", "Endpoint", "EndpointEvent", "Paused", "Resumed", "SpeechStarted"]

_HYSTERESIS = 0.15
"""Silero's own margin between the probabilities that begin and end speech (snakers4/silero-vad, `VADIterator`)."""

_FAINT = 0.5
"""Seconds without a voice that may lie in a beginning: over a telephone the first words are hardly heard as one."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak."""

    at: float
    """Seconds on the clock of the audio: the first voiced frame's start."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The speaker has been silent for a moment and may have finished."""

    at: float
    """Seconds on the clock of the audio: the last voiced frame's end."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The speaker went on after a pause."""

    at: float
    """Seconds on the clock of the audio: the voiced frame's start."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The utterance is over."""

    at: float
    """Seconds on the clock of the audio: the last voiced frame's end."""
    reason: Literal["silence", "limit", "nothing"]
    """The silence was long enough, the utterance was too long, or nobody spoke at all."""


EndpointEvent = SpeechStarted | Paused | Resumed | Ended
"""What `Endpoint.push` says."""


class Endpoint:
    """Follow one utterance, frame by frame, from *since* (seconds on the clock of the audio)."""

    def __init__(self, config: EndpointConfig, since: float) -> None:
        self._config = config
        self._since = since
        self._wait = config.silence
        self._started: float | None = None
        self._voiced = 0.0
        self._voice_began = since
        self._heard = -math.inf
        self._last_voiced = since
        self._silent_since = since
        self._paused = False
        self._answered: Callable[[], bool] = lambda: True

    def hold(self, answered: Callable[[], bool]) -> None:
        """Do not end this pause, before `silence`, until *answered* says that there is an answer to be heard.

        Until then patience costs nobody anything.
        """
        self._answered = answered

    def leave(self, at: float) -> None:
        """Take what was voiced since *at* (seconds on the clock of the audio) for another's; the wait begins now.

        A pause that is known stays as it is: what is drafted in it is the answer to just that.
        """
        if self._started is not None and not self._paused and at < self._last_voiced:
            self._last_voiced = max(at, self._started)

    def fell_silent(self, at: float) -> None:
        """Take what was voiced since *at* (seconds on the clock of the audio) for no voice: the silence began then.

        In a known pause that changes nothing, either.
        """
        if self._started is not None and not self._paused and at < self._silent_since:
            self._last_voiced = self._silent_since = max(at, self._started)

    def score(self, probability: float) -> None:
        """Set the wait from the probability, 0 to 1, that the utterance is complete as it stands.

        The wait is interpolated, never switched: a detector's threshold would turn a small doubt into a long silence.
        It is a straight line: bends and powers cut off more people at the same wait (benchmarks/endpointing.py).
        """
        config = self._config
        self._wait = config.longest + (config.shortest - config.longest) * probability

    def push(self, frame: SpeechProbability) -> Iterator[EndpointEvent]:
        """Take the next frame and yield what it means; nothing follows `Ended`.

        Waits end at the frame that is nearest to them: at the next one, they would all be half a frame longer.
        """
        config = self._config
        speaking = self._started is not None and not self._paused
        if frame.probability >= config.threshold - (_HYSTERESIS if speaking else 0.0):
            yield from self._voice(frame)
        elif self._started is None:
            self._voiced = max(0.0, self._voiced - (frame.end - frame.start))  # a stutter may be a word's beginning
        silence = frame.end - self._silent_since + (frame.end - frame.start) / 2
        if self._started is None:
            if frame.end - self._since >= config.nothing_said:
                yield Ended(self._since, "nothing")
        elif frame.end - self._started >= config.max_utterance:
            yield Ended(self._last_voiced, "limit")
        elif silence >= self._wait and (silence >= config.silence or self._answered()):
            yield Ended(self._last_voiced, "silence")
        elif silence >= config.pause and not self._paused:
            self._paused = True
            yield Paused(self._last_voiced)

    def _voice(self, frame: SpeechProbability) -> Iterator[EndpointEvent]:
        if self._started is None:
            if self._voiced == 0.0 and frame.start - self._heard > _FAINT:
                self._voice_began = frame.start
            self._heard = frame.end
            self._voiced += frame.end - frame.start
            if self._voiced >= self._config.min_speech:
                self._started = self._voice_began
                yield SpeechStarted(self._started)
        if self._paused:
            self._paused = False
            self._wait = self._config.silence
            self._answered = lambda: True
            yield Resumed(frame.start)
        self._last_voiced = self._silent_since = frame.end
