"""What listening engines say of sound, and what speaking engines need to know."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "Detection",
    "Played",
    "Recognition",
    "SpeechProbability",
    "SttOptions",
    "TimedText",
    "Transcript",
    "Voice",
]


@dataclass(frozen=True, slots=True)
class Detection:
    """A wake word was heard."""

    name: str
    """Which word, as the configuration names it, e.g. `hey_jarvis`."""
    score: float
    """How sure the engine is, 0 to 1."""
    timestamp: float
    """Seconds on the clock of the audio: the end of the last chunk that was scored."""


@dataclass(frozen=True, slots=True)
class SpeechProbability:
    """How likely somebody speaks in one short frame of sound."""

    probability: float
    """0 to 1."""
    start: float
    """Seconds on the clock of the audio at which the frame begins."""
    end: float
    """Seconds on the clock of the audio at which the frame ends."""


@dataclass(frozen=True, slots=True)
class SttOptions:
    """What a transcription may take into account."""

    language: str | None = None
    """BCP-47 tag, or None to let the engine find out."""
    prompt: str = ""
    """Words that are likely to occur (names of rooms, people); may be ignored."""
    translate: bool = False
    """Whether to write in English what is said in another language, where `Capabilities.translates`."""
    words: bool = False
    """Whether to tell the time of each word, where `Capabilities.times`; costs time."""
    temperature: float = 0.0
    """How freely words are chosen, 0 to 1; 0 takes the likeliest. May be ignored."""


@dataclass(frozen=True, slots=True)
class TimedText:
    """Some of what was said, and when."""

    text: str
    """The words."""
    start: float
    """Seconds from the beginning of the sound at which they begin."""
    end: float
    """Seconds from the beginning of the sound at which they end."""
    tokens: tuple[int, ...] = ()
    """The model's own numbers of them; empty where the engine cannot tell, and for a single word."""
    logprob: float | None = None
    """Mean log-probability of their tokens, or of those around them, 0 at most; None where the engine cannot tell."""
    no_speech: float | None = None
    """Probability that nobody spoke there, 0 to 1; None where the engine cannot tell."""
    compression: float | None = None
    """How many times smaller zlib makes what was written there: much where that repeats itself; None where
    the engine cannot tell."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said."""

    text: str
    """The words; empty where nobody spoke."""
    language: str = ""
    """BCP-47 tag of what was heard; empty where the engine cannot tell."""
    final: bool = True
    """Whether this is the last word on the utterance; others may still change."""
    segments: tuple[TimedText, ...] = ()
    """The same in pieces of up to a sentence, in order; empty where the engine cannot tell their times."""
    words: tuple[TimedText, ...] = ()
    """The same word by word, in order, where `SttOptions.words` asks for it."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How speech should sound; empty fields leave the choice to the engine."""

    name: str = ""
    """The engine's name of the voice, e.g. `en_US-joe-medium`."""
    language: str = ""
    """BCP-47 tag of the text."""
    speaker: str = ""
    """One speaker of a voice that has several."""
    speed: float = 1.0
    """1 is the voice's own pace, 2 is twice as fast."""


@dataclass(frozen=True, slots=True)
class Played:
    """How far a sink has come with an answer."""

    seconds: float
    """Sound that has left the sink since it began, in seconds; never falls."""
    timestamp: float
    """Seconds on the clock of the event loop at which that was so."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """A sentence that an intent engine understood."""

    intent: str
    """Name of the intent, e.g. `HassTurnOn`."""
    complete: bool
    """Whether the sentence can stand as it is, or more words must follow."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """What the sentence filled in, by slot name."""
    spoken: Mapping[str, str] = field(default_factory=dict)
    """The same in the words that were said: `blinds`, where the slot says `blind`."""
    key: str = "default"
    """Which of the intent's response templates fits the sentence."""
    response: str = ""
    """What to say where no skill does anything about it; empty where there is nothing to say then."""
    free: bool = False
    """Whether it ends in words that may be any, such as an item of a list: more of them may follow."""
