"""How likely it is that words, as they stand, are all that somebody wanted to say; and how to join such probabilities.

People rarely stop for good after "the", "for" or "um", in any language: the words that something must follow are few,
and most unfinished commands end in one of them. Everything else is left to the ear (engines of the kind `turn`).
"""

import math

from assistant.pipeline.endings import ENDINGS, HESITATIONS, Endings
from assistant.pipeline.wake_phrase import plain

__all__ = ["combine", "completeness"]

# Estimates, checked by benchmarks/endpointing.py; what counts is their order and that none is a certainty.
_UNKNOWN = 0.5
_HESITATION = 0.02
_OPEN = 0.02
_TRAILING = 0.03
_WANTING = 0.25
_FRAGMENT = 0.5
_TOLD = 0.5
_STATEMENT = 0.9
_QUESTION = 0.93
_WHOLE = 0.95

_STORY = 7
"""Words from which somebody who tells something may go on after any of its clauses."""

_SUREST = 0.98
"""Nobody's word counts for more than this, and nothing joined for more than `_CERTAIN`: any one may be wrong."""
_CERTAIN = 0.995

_JOINS = frozenset({"and", "then", "und", "dann", "en", "dan"})
"""Between two commands, in the languages whose verbs have particles."""
_MARKS = ("...", "…", ",", "-", "–", "—", ":")
"""What a recogniser writes where a sentence breaks off."""


def completeness(text: str, language: str) -> float:
    """Return the probability, 0 to 1, that *text*, a transcript in *language* (BCP-47), is a complete utterance.

    It is 0.5 where nothing is known: there are no words, or none of the language.
    """
    phrase = plain(text.replace("’", "'"))
    known = ENDINGS.get(language.partition("-")[0].lower())
    if not phrase:
        return _UNKNOWN
    if text.rstrip().endswith(_MARKS):
        return _TRAILING
    return _ending(phrase.split(), known, asked="?" in text) if known else _UNKNOWN


def _ending(words: list[str], known: Endings, *, asked: bool) -> float:
    for length in (1, 2, 3):
        if len(words) > length and " ".join(words[-length:]) in known.polite:
            words = words[:-length]
    last, two = words[-1], " ".join(words[-2:])
    ends = {last, two}
    if last in HESITATIONS:
        return _HESITATION
    if " ".join(words) in known.prefaces:
        return _WANTING
    if " ".join(words) in known.whole or ends & known.closing:
        return _WHOLE
    if ends & known.either and len(words) > 1 and two not in known.open:
        return _UNKNOWN
    if words[0] in known.verbs and _begins_anew(words, known):
        return _WANTING
    parted = last in known.particles and known.verbs.intersection(words[:-2])
    asking = last in known.verbal and words[0] in known.asking and known.auxiliary.intersection(words[1:-1])
    if ends & (known.open | known.particles) and not parted and not asking:
        return _OPEN
    quantity = (last.isdigit() and len(last) < 4) or last in known.numbers  # four digits are a year
    if ends & known.wanting or (quantity and known.spans.intersection(words[-2:-1])):
        return _WANTING
    if len(words) == 1:
        return _FRAGMENT
    if asked:
        return _QUESTION
    story = len(words) >= _STORY and words[0] in known.telling and " ".join(words[:2]) not in known.wishing
    return _TOLD if story else _STATEMENT


def _begins_anew(words: list[str], known: Endings) -> bool:
    """Tell whether the last words are a verb, with its particle or without, that begins another command."""
    verb = words[:-1] if words[-1] in known.particles else words
    return len(verb) > 2 and verb[-1] in known.verbs and verb[-2] in _JOINS


def combine(*probabilities: float) -> float:
    """Return what independent *probabilities* of the same say together: the sum of their log-odds, as a probability.

    Each is clipped first, so that none outweighs all others; 0.5 adds nothing. Without any the result is 0.5.
    """
    odds = sum(_log_odds(min(max(one, 1 - _SUREST), _SUREST)) for one in probabilities)
    return min(max(1 / (1 + math.exp(-odds)), 1 - _CERTAIN), _CERTAIN)


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
