"""What the decoder wrote for one window, and whether it can be believed."""

import re
from dataclasses import dataclass

__all__ = ["SURE_SILENCE", "TIMESTAMP_LOGPROB", "Guess"]

MAX_COMPRESSION = 2.4
"""Text that zlib packs better than this repeats itself (openai/whisper, transcribe.py)."""
MIN_LOGPROB = -0.5
"""Mean log-probability of a token of the text below which it is doubted.

Measured with tiny.en on 700 synthesised and 128 recorded utterances, clean and in noise: here the text of the short
window with the full one behind it is a little better than that of the full one alone, which is then tried for 1 % of
clean sentences, 4 % in noise 10 dB below and 68 % in noise 5 dB below. OpenAI's -1.0 over all tokens doubts half of the
commands of one word, and 9 % in loud noise, where a tenth of the words that the full window gets right is lost.
"""
TIMESTAMP_LOGPROB = -2.0
"""What a timestamp takes from the sum of log-probabilities, for a word has no sharp end. Measured with tiny.en: right
texts of up to three tokens have a sum of -4.0, nearly all of it by their two timestamps."""
SURE_SILENCE = 0.8
"""Probability of no speech above which nobody spoke, whatever was written. Measured: silence, noise, hum and music 0.8
to 0.99, speech in noise 5 dB below at most 0.77."""
LIKELY_SILENCE = 0.6
"""Probability of no speech above which doubtful text is none (openai/whisper, transcribe.py)."""
POSSIBLE_SILENCE = 0.4
"""The same for text that is improbable or notorious. Measured: the noise of rooms, amplified, down to 0.39; clear
speech at most 0.4."""
IMPROBABLE = -1.0
"""Log-probability of text that was made up. Measured: for amplified noise of rooms -1.0 to -1.7; for words that were
spoken, lower only in loud noise, where none of them is right."""

NOTORIOUS = frozenset(
    (
        "you",
        "so",
        "oh",
        "bye",
        "thank you",
        "thank you very much",
        "thank you so much",
        "thanks for watching",
        "thank you for watching",
        "see you next time",
        "ill see you next time",
        "ill see you in the next video",
        "please subscribe",
        "subtitles by the amaraorg community",
    )
)
"""What Whisper writes for sounds without speech, by its training on subtitles: Barański et al. 2025, Investigation of
Whisper ASR Hallucinations Induced by Non-Speech Audio (https://arxiv.org/abs/2501.11378), and what tiny.en and base
wrote here. Lower case, letters only."""


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

    @property
    def repetitive(self) -> bool:
        """Return whether the decoder was caught in a loop."""
        return self.compression > MAX_COMPRESSION

    @property
    def doubtful(self) -> bool:
        """Return whether the text looks wrong."""
        return not self.ended or self.repetitive or self.logprob < MIN_LOGPROB

    @property
    def silent(self) -> bool:
        """Return whether nobody spoke: Whisper always writes something."""
        if self.no_speech > LIKELY_SILENCE:
            return self.no_speech > SURE_SILENCE or self.doubtful or self.notorious
        if self.no_speech > POSSIBLE_SILENCE or self.doubtful:
            return self.notorious or self.logprob < IMPROBABLE
        return False

    @property
    def notorious(self) -> bool:
        """Return whether the text is one that Whisper writes for noise."""
        return re.sub(r"[^a-z ]", "", self.text.lower()) in NOTORIOUS

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """Return what the best of several guesses has most of."""
        return not self.doubtful, not self.repetitive, self.logprob
