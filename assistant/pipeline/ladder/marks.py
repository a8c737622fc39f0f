"""What must not differ between a sentence and its paraphrase: numbers, negations, on and off, names, places, times.

Two sentences that differ in one small word are the nearest of all to an embedding engine, and the farthest to whoever
said them. So a paraphrase is looked for only among the sentences that have the same marks.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from assistant.pipeline.ladder.marks_words import TABLES, Table
from assistant.pipeline.ladder.words import alternatives, said

__all__ = ["LANGUAGES", "Marks", "is_question", "is_statement", "marks"]


@dataclass(frozen=True, slots=True)
class Marks:
    """What a sentence is marked by."""

    exact: frozenset[str]
    """What the other must have, too, and no more of it: numbers, names, negations, times."""
    sense: frozenset[str]
    """Which way it goes, and of what sort the thing is: the other may say more, but nothing else."""

    def allow(self, other: "Marks") -> bool:
        """Tell whether a sentence with *other* marks can mean the same as this one."""
        return self.exact == other.exact and self.sense <= other.sense


LANGUAGES = frozenset(TABLES)
"""Main tags of the languages whose marks are known: in no other is a paraphrase looked for."""


def marks(text: str, language: str, names: Iterable[str] = ()) -> Marks:
    """Return the marks of *text*, in one of the `LANGUAGES`; the *names* of the house are marks, too."""
    main = language.partition("-")[0].lower()
    table, words = TABLES[main], f" {said(text)} "
    exact = {f"name {name}" for name in map(said, names) if name and f" {name} " in words}
    exact |= {f"place {place}" for place in re.findall(rf" {table.place}(\w+)(?= )", words)}
    exact |= {f"whose {owner}" for owner in re.findall(r" (\w+)'s ", words) if owner not in _CONTRACTED}
    exact |= {f"number {number}" for number in re.findall(r"\d+", words)}
    exact |= {f"number {n}" for n, pattern in _numbers(main) if pattern.search(words)}
    exact |= {f"word {n}" for n, pattern in _groups(table.exact) if pattern.search(words)}
    sense = {f"sense {n}" for n, pattern in _groups(table.sense) if pattern.search(words)}
    sense |= {f"way {particle}" for particle in table.particle.split() if _way(particle, words, table)}
    return Marks(frozenset(exact), frozenset(sense))


def is_question(text: str, language: str) -> bool:
    """Tell whether *text* asks something; a polite request does not. Of other languages only the mark is known."""
    table, words = TABLES.get(language.partition("-")[0].lower()), said(text)
    if table is None:
        return text.rstrip().endswith(("?", "？", "؟"))
    if re.match(rf"({table.request})\b", words):
        return False
    return text.rstrip().endswith("?") or bool(re.match(table.question, words))


def is_statement(text: str, language: str) -> bool:
    """Tell whether *text*, in one of the `LANGUAGES`, tells how things are, or what somebody did or said."""
    table = TABLES[language.partition("-")[0].lower()]
    words = re.sub(rf"^({table.request})\b", "", said(text))
    return bool(re.search(rf"\b{table.tells}\b", words))


_CONTRACTED = frozenset(("what", "it", "that", "who", "how", "there", "here", "let", "where", "when", "he", "she"))
"""What is short for "what is" and so on: nobody of whom something is."""
_VALUES = (*range(21), 21, 22, 23, 24, 25, 30, 40, 50, 60, 70, 80, 90, 100, 1000)
"""Of the number words, in order."""


def _way(particle: str, words: str, table: Table) -> bool:
    """Tell whether a particle says which way it goes, somewhere in *words*."""
    after = f"(?:{alternatives(table.articles.split())})"
    verbs = f"(?:{alternatives(table.verbs.split())}) " if table.verbs else "(?!)"
    return bool(re.search(rf" {particle} (?!{after} )| {verbs}{particle} ", words))


@cache
def _groups(table: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the groups of synonyms of a table, each with its first word, as regular expressions."""
    groups = [group.split("|") for group in table.split()]
    return tuple((group[0], re.compile(rf" (?:{'|'.join(map(_pattern, group))})(?= )")) for group in groups)


@cache
def _numbers(main: str) -> tuple[tuple[int, re.Pattern[str]], ...]:
    """Return the numbers that have a word of their own."""
    words = TABLES[main].numbers.split()
    return tuple(
        (value, re.compile(rf" (?:{'|'.join(re.escape(said(one)) for one in word.split('|'))})(?= )"))
        for value, word in zip(_VALUES, words, strict=True)
    )


def _pattern(word: str) -> str:
    return re.escape(word).replace(r"\*", r"[\w']*")
