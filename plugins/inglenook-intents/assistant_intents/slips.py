"""What a recogniser may have misheard: one word that no template has, or a name that is almost one of the house.

"Cancel all tires" is not a sentence, and "cancel all timers" is. A small model of Whisper makes such slips in one
command of ten, and leaves out an accent; hardly more is put right, because what is put right is obeyed.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

from hassil import Intents, Sentence
from hassil.expression import Alternative, Expression, Group, TextChunk
from hassil.util import normalize_for_matching

__all__ = ["accented", "corrected", "words_of"]

_LONGEST = 12
"""Words of a sentence in which a slip is looked for."""
_SHORTEST = 4
"""Letters of a word that can be told from another."""
_ALIKE = 0.7
"""How alike a word must be to what it is taken for: `SequenceMatcher.ratio`, and the first letter is the same."""
_ALIKE_NAME = 0.88
"""How alike a name must be, which may be one of many."""


def words_of(intents: Intents) -> frozenset[str]:
    """Return all words that the templates of a language have, in small letters."""
    rules: Mapping[str, Sentence] = intents.expansion_rules
    found: set[str] = set()
    for rule in rules.values():
        _collect(rule.expression, found)
    for intent in intents.intents.values():
        for data in intent.data:
            for sentence in (*data.sentences, *data.expansion_rules.values()):
                _collect(sentence.expression, found)
    return frozenset(found)


def _collect(expression: Expression, found: set[str]) -> None:
    if isinstance(expression, TextChunk):
        found.update(expression.text.casefold().split())
    elif isinstance(expression, Group):
        stem = ""
        for item in expression.items:
            if isinstance(item, Alternative):  # light[s]
                endings = [one.text for one in _chunks(item) if one.text and not one.text[0].isspace()]
                found.update(f"{stem}{ending.split()[0]}".casefold() for ending in endings if stem and ending.split())
            text = item.text if isinstance(item, TextChunk) else ""
            stem = text.split()[-1] if text.split() and not text[-1].isspace() else ""
            _collect(item, found)


def _chunks(expression: Expression) -> Iterator[TextChunk]:
    if isinstance(expression, TextChunk):
        yield expression
    elif isinstance(expression, Group):
        for item in expression.items:
            yield from _chunks(item)


def accented(text: str, known: frozenset[str], names: Iterable[str]) -> str:
    """Return *text* with the accents of words that are known with them only: `lampara` is `lámpara`."""
    missing = {**_accents(known), **_accents(frozenset(part for name in names for part in name.split()))}

    def written(word: re.Match[str]) -> str:
        return word[0] if word[0].casefold() in known else missing.get(word[0].casefold(), word[0])

    return re.sub(r"\w+", written, text)


def corrected(text: str, known: frozenset[str], names: Iterable[str]) -> Iterator[str]:
    """Yield what *text* may have been, the likeliest first, by the words of a language and the *names* of the house."""
    words = normalize_for_matching(text).text.casefold().split()
    if not 1 < len(words) <= _LONGEST:
        return
    named: dict[tuple[int, str], list[str]] = {}
    for name in names:
        named.setdefault((len(name.split()), name[0]), []).append(name)
    parts = {part for names in named.values() for name in names for part in name.split()}
    for count in range(1, len(words)):
        for at in range(len(words) - count + 1):
            said = " ".join(words[at : at + count])
            for name in named.get((count, said[0]), ()):
                if _alike(said, name):
                    yield " ".join([*words[:at], name, *words[at + count :]])
    strange = [at for at, word in enumerate(words) if word not in known and word not in parts and word.isalpha()]
    if len(strange) == 1 and len(word := words[strange[0]]) >= _SHORTEST:
        near = [other for other in known if other[0] == word[0] and len(other) >= _SHORTEST]
        for other in get_close_matches(word, near, cutoff=_ALIKE):
            yield " ".join([*words[: strange[0]], other, *words[strange[0] + 1 :]])


@lru_cache(maxsize=16)  # languages, and houses
def _accents(known: frozenset[str]) -> dict[str, str]:
    """Return the words with accents by what they are without."""
    return {folded: word for word in known if (folded := _folded(word)) not in known}


def _folded(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))


def _alike(said: str, name: str) -> bool:
    """Tell whether *said* may be a name that was misheard; numbers are heard well, and tell things apart."""
    if said == name or abs(len(said) - len(name)) > 2 or len(name) < _SHORTEST:
        return False
    if re.findall(r"\d+", said) != re.findall(r"\d+", name):
        return False
    matcher = SequenceMatcher(None, said, name)
    return matcher.quick_ratio() >= _ALIKE_NAME and matcher.ratio() >= _ALIKE_NAME
