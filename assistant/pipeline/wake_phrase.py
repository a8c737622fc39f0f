"""Cut the wake phrase from a transcript that was made with the pre-roll."""

import re
from difflib import SequenceMatcher

__all__ = ["cut_wake_phrase", "plain"]

_ALIKE = 0.63
"""Least similarity of letters at which words count as the wake phrase. Whisper writes "Hey Travis" or "a Lexa";
unrelated openings of commands ("hey what", "I like") stay below."""
_SHORTEST = 0.6
"""Least length of what was said as a share of the phrase's: "Jarvis" alone is enough, "Hey, is" is not."""
_WORDS_BEFORE = 4
"""How many words of somebody's earlier sentence may stand before the wake phrase in the pre-roll."""


def plain(text: str) -> str:
    """Return *text* in lower case, without punctuation and with single blanks."""
    return " ".join(re.findall(r"[\w']+", text.lower()))


def cut_wake_phrase(transcript: str, word: str) -> str | None:
    """Return *transcript* without everything up to the end of the wake phrase, or None where nothing sounds like it.

    *word* is the name of the wake word, e.g. `hey_jarvis`.
    """
    phrase = plain(word.replace("_", " "))
    spans = [match.span() for match in re.finditer(r"[\w']+", transcript)]
    length, letters = len(phrase.split()), phrase.replace(" ", "")
    best = (_ALIKE, 0)
    for first in range(min(len(spans), _WORDS_BEFORE + 1)):
        for last in range(first, min(first + length + 1, len(spans))):
            said = plain(transcript[spans[first][0] : spans[last][1]]).replace(" ", "")
            alike = SequenceMatcher(None, said, letters).ratio()
            if alike > best[0] and len(said) >= _SHORTEST * len(letters):
                best = (alike, spans[last][1])
    return transcript[best[1] :].lstrip(" ,.;:!?-–—…").strip() if best[1] else None
