"""What the decoder wrote, whether it needs a second opinion, and whether anybody spoke at all.

The constants were measured with tiny.en and base: on 700 utterances, recorded and read by Piper, clean, in pink noise
10 dB below and in white noise 5 dB below (*speech*), and on 1,200 sounds of half a second to 20 s, at -50 to -10 dB of
full scale: white, pink and brown noise, hum, clicks, beeps, music, the noise of rooms (*noise*).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant import TimedText

__all__ = ["TIMESTAMP_LOGPROB", "Guess", "best", "conclusive"]

MAX_COMPRESSION = 2.4
"""Text that zlib packs better than this repeats itself (openai/whisper, transcribe.py)."""
TIMESTAMP_LOGPROB = -2.0
"""What a timestamp takes from the sum of log-probabilities, for a word has no sharp end. Right texts of up to three
tokens have a sum of -4.0, nearly all of it by their two timestamps."""
MIN_LOGPROB = -0.5
"""Mean log-probability of a token below which text is doubted and the full window tried as well.

That happens to 1 % of the clean sentences, 6 % in noise 10 dB below and 69 % in noise 5 dB below, and the words are as
right as with the full window alone. OpenAI's -1.0 over all tokens, timestamps included, doubts half of the commands of
one word and only 9 % in noise 5 dB below, where one word in a hundred is then lost.
"""
IMPROBABLE = -1.0
"""Mean log-probability of what was made up: noise -1.0 to -1.7, speech less only where no word is right."""
MIN_NOTORIOUS = -0.3
"""The same for notorious text: noise -0.4 and less, speech at least -0.3."""
SURE_SILENCE = 0.8
"""Probability of no speech above which nobody spoke: most noise 0.8 to 0.99, speech at most 0.77."""
LIKELY_SILENCE = 0.6
"""The same where a window was doubted (openai/whisper, transcribe.py)."""
POSSIBLE_SILENCE = 0.5
"""The same for notorious text, and for a second opinion about any other: clear speech at most 0.4."""

NOTORIOUS = re.compile(
    r"i|you|so|oh|bye|music|(thank you|thanks)( so much| very much)?( for (watching|listening))?"
    r"|(ill )?see you (later|next time|in the next (video|one))|please subscribe|.*amaraorg.*"
    r"|ご視聴ありがとうございました|merci davoir regardé.*|спасибо за просмотр"
)
"""What Whisper writes for noise, by its training on subtitles: seen here, or told of by others, as by Barański et al.
2025, Investigation of Whisper ASR Hallucinations Induced by Non-Speech Audio (https://arxiv.org/abs/2501.11378)."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One result of the decoder."""

    text: str
    """The words spoken before the sound ends."""
    language: str
    """Whisper's code of the language."""
    seconds: float
    """How far the decoder came in the sound."""
    logprob: float
    """Mean log-probability of a token of the text; those of the timestamps are left out."""
    no_speech: float
    """Probability that nobody speaks, 0 to 1."""
    compression: float
    """How many times smaller zlib makes everything that was written."""
    ended: bool
    """Whether the decoder found an end; if not, it was stopped."""
    segments: tuple[TimedText, ...] = ()
    """The words in pieces, with their times in the window."""
    tokens: tuple[int, ...] = ()
    """The tokens of the words."""

    @property
    def repetitive(self) -> bool:
        """Return whether the text says the same again and again: that was said, or the decoder is caught in a loop."""
        return self.compression > MAX_COMPRESSION

    @property
    def looped(self) -> bool:
        """Return whether the decoder was caught in a loop: it finds no way out."""
        return self.repetitive and not self.ended

    @property
    def recurrent(self) -> bool:
        """Return whether somebody said the same again and again, and stopped."""
        return self.repetitive and self.ended and self.logprob >= MIN_LOGPROB

    @property
    def doubtful(self) -> bool:
        """Return whether the text looks wrong."""
        return not self.ended or self.repetitive or self.logprob < MIN_LOGPROB

    @property
    def plain(self) -> str:
        """Return the text in lower case without signs."""
        return re.sub(r"[^\w ]", "", self.text.lower())

    @property
    def notorious(self) -> bool:
        """Return whether the text is one that Whisper writes for noise."""
        return NOTORIOUS.fullmatch(self.plain) is not None

    @property
    def rank(self) -> tuple[bool, bool, bool, float]:
        """Return what the best of several guesses has most of."""
        return not self.doubtful, not self.repetitive, not self.looped, self.logprob


def conclusive(guess: Guess) -> bool:
    """Return whether no other guess is needed."""
    if guess.no_speech > POSSIBLE_SILENCE:
        return guess.no_speech > SURE_SILENCE
    return not guess.doubtful and not guess.notorious


def best(guesses: Sequence[Guess]) -> Guess | None:
    """Return the best guess at one sound, or None where nobody spoke: Whisper always writes something."""
    found = max(guesses, key=lambda guess: guess.rank)
    no_speech = sum(guess.no_speech for guess in guesses) / len(guesses)
    doubted = any(guess.doubtful for guess in guesses)
    repeated = any(guess.repetitive for guess in guesses)
    recurrent = found.recurrent and guesses[-1].recurrent and no_speech <= POSSIBLE_SILENCE
    agreed = all(guess.plain == found.plain for guess in guesses)
    nobody = (
        no_speech > SURE_SILENCE
        or (doubted and no_speech > LIKELY_SILENCE)
        or (found.doubtful and not recurrent and (repeated or found.logprob < IMPROBABLE))
        or (found.notorious and (not agreed or no_speech > POSSIBLE_SILENCE or found.logprob < MIN_NOTORIOUS))
    )
    return None if nobody else found
