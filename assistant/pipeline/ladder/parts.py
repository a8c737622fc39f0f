"""Where a sentence may ask for several things, and what its later parts leave unsaid: the verb, or the thing's name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from assistant.entities import Area, Entity, Floor
from assistant.home import Home
from assistant.pipeline.ladder.words import alternatives, of_language

__all__ = ["Names", "Part", "cuts_of", "divisions", "has_pronoun", "with_name"]

_AND = {
    "de": "und, und dann, und danach, und anschließend, und auch, und außerdem, dann, danach, anschließend",
    "en": "and, and then, and also, and after that, and afterwards, then, as well as",
    "es": "y, e, y luego, y después, y también, y además, luego, después",
    "fr": "et, et puis, et ensuite, et après, et aussi, puis, ensuite",
    "it": "e, ed, e poi, e dopo, e anche, poi",
    "nl": "en, en dan, en daarna, en ook, daarna",
}
_ARTICLE = (
    r"(?:(?:the|my|das|die|der|den|dem|mein|meine|meinen|meiner|le|la|les|mon|ma|mes|el|los|las|mi|il|lo|i|gli|de|het)\s+"
    r"|l['’]\s*)?"
)
"""What may stand before a name."""
_PLACE = "in|at|im|ins|auf|dans|de|du|des|au|à|en|del|nel|nella"
"""What stands before the name of a room, and its article."""
_PRONOUNS = {
    "de": r"(?P<verb>)\b(?:sie|ihn|es)\b",
    "en": r"(?P<verb>)\b(?:it|them)\b",
    "es": r"\b(?P<verb>pon|apága|enciénde|prénde|súbe|bája|ábre|ciérra|atenúa)l[oa]s?\b",
    "fr": r"(?P<verb>)-l(?:e|a|es)\b",
    "it": r"\b(?P<verb>accendi|spegni|apri|chiudi|alza|abbassa)l[oaie]\b",
    "nl": r"(?P<verb>)\b(?:hem|het|ze)\b",
}
"""What stands for a thing that was named; in Spanish and Italian it hangs on the verb."""
_ACCENTS = str.maketrans("áéí", "aei")
"""What a Spanish verb has only while a pronoun hangs on it."""


def cuts_of(text: str, language: str) -> list[tuple[int, int]]:
    """Return where in *text* something else may begin: the spans of conjunctions, commas and full stops."""
    and_ = alternatives(of_language(_AND, language).split(","))
    return [gap.span() for gap in re.finditer(rf"(?:[,;.!]\s+|\s+)(?:{and_})\s+|[,;.!]\s+", text, flags=re.I)]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a sentence that may ask for one thing, or for one of several by one verb."""

    text: str
    """The words."""
    pieces: tuple[str, ...]
    """What it falls into at its own conjunctions; the words themselves where it has none."""


def divisions(text: str, cuts: Sequence[tuple[int, int]], most: int) -> Iterator[list[Part]]:
    """Yield the ways to divide *text* at *cuts*, the fewest parts first, and *most* at most."""
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
    for count in range(1, most + 1):
        for borders in combinations(range(1, len(starts)), count - 1):
            yield [
                Part(
                    text[starts[first] : ends[after - 1]],
                    tuple(text[starts[at] : ends[at]] for at in range(first, after)),
                )
                for first, after in pairwise((0, *borders, len(starts)))
            ]


class Names:
    """What the things and the rooms of a house are called, and where sentences name them."""

    def __init__(self, house: Home) -> None:
        rooms: tuple[Area | Floor, ...] = (*house.areas, *house.floors)
        thing, room = _any_of(house.entities), _any_of(rooms)
        self._thing = rf"{_ARTICLE}(?:{thing})"
        self._phrases = tuple(
            rf"{before}{_ARTICLE}(?:{names})" for names in (thing, room) for before in (rf"(?:(?:{_PLACE})\s+)", "")
        )

    def is_one(self, words: str) -> bool:
        """Tell whether *words* are a name and no more."""
        return any(re.fullmatch(phrase, words, re.I) for phrase in self._phrases)

    def thing(self, sentence: str) -> str:
        """Return the thing that *sentence* names, with its article; empty where it names none."""
        found = re.search(rf"\b{self._thing}\b", sentence, re.I)
        return found[0] if found else ""

    def carried(self, before: str, words: str) -> str:
        """Return *words*, which begin with a name, after the verb of *before*, which has one, too; empty where not."""
        for phrase in self._phrases:
            if re.match(rf"{phrase}\b", words, re.I) and (found := re.search(rf"\b{phrase}\b", before, re.I)):
                return before[: found.start()] + words
        return ""

    def shared(self, pieces: Sequence[str]) -> list[str]:
        """Return the sentences of *pieces* that are names with one verb: "dim the lamp" and "the fan to 30 percent"."""
        first, *others, last = pieces
        for phrase in self._phrases:
            begin, end = re.search(rf"\b{phrase}$", first, re.I), re.match(rf"{phrase}\b", last, re.I)
            if begin and end and all(re.fullmatch(phrase, other, re.I) for other in others):
                return [first[: begin.start()] + name + last[end.end() :] for name in (begin[0], *others, end[0])]
        return []


def _any_of(named: Sequence[Entity | Area | Floor]) -> str:
    """Return a regular expression of what *named* are called, which matches nothing where there are none."""
    names = {name for one in named for name in (one.name, *one.aliases) if name}
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) or "(?!)"


def has_pronoun(words: str, language: str) -> bool:
    """Tell whether something in *words* stands for a thing that was named before."""
    return bool(re.search(of_language(_PRONOUNS, language), words, re.I))


def with_name(words: str, name: str, language: str) -> str:
    """Return *words* with *name* in the place of the pronoun: "dim the lamp", "baja la lámpara" for "bájala"."""

    def named(found: re.Match[str]) -> str:
        return f"{found['verb'].translate(_ACCENTS)} {name}"

    return " ".join(re.sub(of_language(_PRONOUNS, language), named, words, count=1, flags=re.I).split())
