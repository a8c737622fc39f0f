"""Cut the wake phrase from a transcript that was made with the pre-roll."""

import re
from difflib import SequenceMatcher

__all__ = ["cut_wake_phrase", "plain"]

_ALIKE = 0.6
"""Least similarity of letters at which words count as the wake phrase. Whisper writes "Hey Travis" or "a Lexa";
unrelated openings of commands ("hey what", "I like") stay below."""
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
    length = len(phrase.split())
    best = (_ALIKE, 0)
    for first in range(min(len(spans), _WORDS_BEFORE + 1)):
        for last in range(first, min(first + length + 1, len(spans))):
            said = plain(transcript[spans[first][0] : spans[last][1]])
            alike = SequenceMatcher(None, said.replace(" ", ""), phrase.replace(" ", "")).ratio()
            if alike > best[0]:
                best = (alike, spans[last][1])
    return transcript[best[1] :].lstrip(" ,.;:!?-–—…").strip() if best[1] else None
