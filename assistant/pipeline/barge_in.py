"""When somebody talks into a reply: pure, probabilities and words in, decisions out."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

from assistant.pipeline.language import is_back_channel, is_stop
from assistant.pipeline.wake_phrase import plain
from assistant.speech import SpeechProbability

__all__ = [
    "BargeIn",
    "BargeInEvent",
    "Confirmed",
    "FalseAlarm",
    "Hushed",
    "Interruption",
    "Meaning",
    "Suspected",
    "is_own_words",
    "meaning",
]

_HYSTERESIS = 0.15
"""Silero's own margin between the probabilities that begin and end speech (snakers4/silero-vad, `VADIterator`)."""
_SUSPICION = 0.15
"""Seconds of voiced sound after which somebody may be speaking: no click, hardly an echo."""
_SPEECH = 0.5
"""Seconds of voiced sound that are speech; LiveKit Agents interrupts at the same (`min_interruption_duration`)."""
_LEARNING = 1.2
"""Seconds from the first sound of a reply in which an echo canceller may still be learning: the speaker was opened
anew, and its sound comes some milliseconds earlier or later than before."""
_DOUBT = 0.5
"""Seconds of voiced sound more that speech takes which began meanwhile."""
_HUSH = 0.3
"""Seconds of silence after which what was said can be understood as a whole."""
_FORGET = 0.8
"""Seconds of silence after which nobody speaks any more."""


@dataclass(frozen=True, slots=True)
class Suspected:
    """Somebody may be speaking: lower the voice."""

    at: float
    """Seconds on the clock of the audio: the first voiced frame's start."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Somebody speaks, as far as sound can tell. It comes again with every half second, for the words decide."""

    at: float
    """Seconds on the clock of the audio at which the speech began."""


@dataclass(frozen=True, slots=True)
class Hushed:
    """The speaker has been silent for a moment."""

    at: float
    """Seconds on the clock of the audio: the last voiced frame's end."""


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """Nobody speaks any more: the voice may rise again."""

    at: float
    """Seconds on the clock of the audio: the last voiced frame's end."""


BargeInEvent = Suspected | Confirmed | Hushed | FalseAlarm
"""What `BargeIn.push` says."""


class BargeIn:
    """Follow what is heard while a reply plays, frame by frame, without the reply's own sound."""

    def __init__(self, threshold: float) -> None:
        """Take frames of at least *threshold* probability for voiced, from 0 to 1."""
        self._threshold = threshold
        self._began = 0.0
        self._voiced = 0.0
        self._last_voiced = 0.0
        self._suspected = False
        self._hushed = False
        self._confirmed = 0
        self._learnt = math.inf

    def sounds(self, since: float) -> None:
        """Take note that the reply is heard since a moment, in seconds on the clock of the audio."""
        self._learnt = since + _LEARNING

    def push(self, frame: SpeechProbability) -> Iterator[BargeInEvent]:
        """Take the next frame and yield what it means; after `FalseAlarm` all begins anew."""
        if frame.probability >= self._threshold - (_HYSTERESIS if self._suspected else 0.0):
            yield from self._voice(frame)
        elif not self._suspected:
            self._voiced = max(0.0, self._voiced - (frame.end - frame.start))
        else:
            yield from self._silence(frame.end - self._last_voiced)

    def _voice(self, frame: SpeechProbability) -> Iterator[BargeInEvent]:
        if self._voiced == 0.0:
            self._began = frame.start
        self._voiced += frame.end - frame.start
        self._last_voiced = frame.end
        self._hushed = False
        if not self._suspected and self._voiced >= _SUSPICION:
            self._suspected = True
            yield Suspected(self._began)
        if self._voiced >= _SPEECH * (self._confirmed + 1) + (_DOUBT if self._began < self._learnt else 0.0):
            self._confirmed += 1
            yield Confirmed(self._began)

    def _silence(self, seconds: float) -> Iterator[BargeInEvent]:
        if seconds >= _HUSH and not self._hushed:
            self._hushed = True
            yield Hushed(self._last_voiced)
        if seconds >= _FORGET:
            self._suspected, self._voiced, self._confirmed = False, 0.0, 0
            yield FalseAlarm(self._last_voiced)


@dataclass(frozen=True, slots=True)
class Interruption:
    """Somebody ended a reply."""

    question: float | None = None
    """Seconds on the clock of the audio at which the speech began that is to be answered; None where the reply was
    merely told to end."""


class Meaning(Enum):
    """What words that were heard during a reply amount to."""

    STOP = "the reply shall end"
    SPEECH = "somebody wants to speak"
    NOTHING = "nobody does: an echo of the reply, or somebody who only shows that he listens"


def meaning(text: str, language: str, said: str) -> Meaning:
    """Return what *text*, heard while the assistant says *said*, amounts to; a word that asks for silence wins."""
    if is_stop(text, language):
        return Meaning.STOP
    if is_back_channel(text, language) or is_own_words(text, said):
        return Meaning.NOTHING
    return Meaning.SPEECH


_ALIKE = 0.75
"""Least similarity of letters at which words count as an echo: recognisers mishear what a canceller left over."""
_EDGE = 4
"""Words at the beginning and at the end that must be an echo too: somebody may begin to speak, or end, in the midst."""
_STRETCH = 2
"""How many words more or fewer may have been said than were heard."""


def is_own_words(text: str, said: str) -> bool:
    """Tell whether *text* is merely a part of *said*, perhaps misheard; no words are nobody's."""
    heard, own = plain(text).split(), plain(said).split()
    return bool(heard) and all(_occurs(part, own) for part in (heard, heard[:_EDGE], heard[-_EDGE:]))


def _occurs(words: list[str], own: list[str]) -> bool:
    lengths = range(max(1, len(words) - _STRETCH), len(words) + _STRETCH + 1)
    parts = ("".join(own[first : first + count]) for first in range(len(own)) for count in lengths)
    letters = "".join(words)
    return any(_alike(letters, part) for part in parts)


def _alike(letters: str, others: str) -> bool:
    matcher = SequenceMatcher(None, letters, others, autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE
