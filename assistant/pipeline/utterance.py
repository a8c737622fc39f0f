"""What a person said: its sound, and the words in it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from assistant.audio import AudioChunk
from assistant.pipeline.ears import Ears
from assistant.pipeline.turn import Turn
from assistant.pipeline.wake_phrase import cut_wake_phrase
from assistant.speech import Detection, Transcript

__all__ = ["LEAD_IN", "Utterance", "transcribe", "words_of"]

LEAD_IN = 0.4
"""Seconds before the first voiced frame that the recogniser gets to hear where no wake word was said."""
_BREATH = 0.5
"""Seconds of silence after the detection up to which the question is heard together with the wake phrase. After a
longer pause the recogniser does better without it."""
_WORD_TAIL = 0.5
"""Seconds of speech after the detection that may still be the end of the wake word itself, badly understood."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was heard of an utterance so far."""

    chunks: tuple[AudioChunk, ...]
    """All that was followed, with what came before the speech; 16 kHz mono."""
    began: float
    """Seconds on the clock of the audio: the first voiced frame's start."""
    ended: float
    """Seconds on the clock of the audio: the last voiced frame's end."""
    after: float
    """Seconds on the clock of the audio from which speech counted: where the wake word was detected, if one was."""
    wake: Detection | None = None
    """The wake word before it, which may be part of the sound."""

    @property
    def seconds(self) -> float:
        """Return how long the speech lasts, from the first voiced frame to the last."""
        return self.ended - self.began

    @property
    def spoken(self) -> tuple[AudioChunk, ...]:
        """Return the speech with a little lead-in."""
        return tuple(chunk for chunk in self.chunks if chunk.end > self.began - LEAD_IN)

    @property
    def in_one_breath(self) -> bool:
        """Tell whether the wake phrase was said together with it."""
        return self.wake is not None and self.began - self.after < _BREATH


async def transcribe(utterance: Utterance, turn: Turn, language: str | None) -> Transcript:
    """Return the words of *utterance* without the wake phrase; raises what `Ears.hear` does."""
    return await words_of(utterance, Ears(turn, language).hear)


async def words_of(utterance: Utterance, hear: Callable[[tuple[AudioChunk, ...]], Awaitable[Transcript]]) -> Transcript:
    """Return the words of *utterance* without the wake phrase; empty ones where nothing but that was said."""
    transcript = await hear(utterance.chunks if utterance.in_one_breath else utterance.spoken)
    text = transcript.text.strip()
    if utterance.wake is not None and utterance.in_one_breath:
        cut = cut_wake_phrase(text, utterance.wake.name)
        merely_the_word = utterance.ended - utterance.after < _WORD_TAIL
        text = cut if cut is not None else "" if merely_the_word else text
    return replace(transcript, text=text)
