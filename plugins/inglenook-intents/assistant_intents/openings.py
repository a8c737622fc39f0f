"""What people say before a command and mean nothing by, or what a recogniser hears in the breath before it.

"Set a timer" is heard as "We'll set a timer" by a small model of Whisper, and no template begins like that.
"""

import re

__all__ = ["without_opening"]

_OPENINGS = {
    "de": "also, und, na ja, naja, na gut, okay, ok, gut, so, ja, ach, ach ja, ach so, oh, hey, he, hm, dann, und dann",
    "en": "we'll, we will, well, and, so, okay, ok, alright, all right, right, now, then, oh, ah, uh, um, hm, hey, "
    "hmm, hi, hello, yes, yeah, let's, let us, and then, also",
    "es": "bueno, y, entonces, vale, venga, pues, ahora, a ver, oye, eh, ah, oh, ok, okay, sí, hola, y luego, también",
    "fr": "alors, et, bon, eh bien, ben, bah, euh, ok, okay, d'accord, oh, ah, hé, dis, oui, tiens, voilà, et puis, "
    "et alors, maintenant, aussi",
    "it": "allora, e, dunque, bene, beh, ok, okay, va bene, senti, oh, ah, sì, ehi, poi, e poi",
    "nl": "nou, en, dus, goed, oké, oke, ok, okay, ja, oh, ah, eh, hé, hee, dan, en dan",
}
"""By language. None is a command's own first word, a "no" or a "not": what says the opposite is never taken off."""
_MOST = 3
"""Openings in a row: "okay, so, well"."""


def _pattern(openings: str) -> re.Pattern[str]:
    words = sorted((re.escape(one.strip()) for one in openings.split(",")), key=len, reverse=True)
    return re.compile(rf"^\W*(?:{'|'.join(words)})(?!\w|['-])[\s,.!…:;-]+(?=\w|¿)", re.IGNORECASE)


_PATTERNS = {language: _pattern(openings) for language, openings in _OPENINGS.items()}


def without_opening(text: str, language: str) -> str:
    """Return *text* without what opens it in *language*, a BCP-47 tag; as it is where nothing does."""
    pattern = _PATTERNS.get(re.split("[-_]", language)[0].lower())
    if pattern is None:
        return text
    straight = text.replace("’", "'")  # of the same length
    for _ in range(_MOST):
        found = pattern.match(straight)
        if found is None:
            break
        text, straight = text[found.end() :], straight[found.end() :]
    return text
