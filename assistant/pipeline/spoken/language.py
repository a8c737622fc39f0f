"""What a language has to say for signs and short forms: the shape of its tables."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Language", "Rule", "any_of"]

Rule = tuple[str, str | Callable[[re.Match[str]], str]]
"""A regular expression, and what stands for its matches."""


def _with_colon(hour: int, minute: int) -> str:
    return f"{hour}:{minute:02}"


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """How one language is read aloud, as far as a voice does not know by itself. What is empty is left as it is.

    The voices have espeak-ng read numbers, so the tables hold only what espeak-ng reads wrongly or leaves out.
    """

    abbreviations: Mapping[str, str] = field(default_factory=dict)
    """What stands for each; the dot in it ends no sentence."""
    before_numbers: Mapping[str, str] = field(default_factory=dict)
    """The same for those that are abbreviations only where a number follows: `No. 5`, but `No. I won't.`"""
    dotted_ordinals: bool = True
    """Whether a dot makes a number an ordinal, so that it need not end a sentence: `am 3. Mai`."""
    months: str = ""
    """The twelve, January first, a blank between them."""
    date: str = "{day} {month} {year}"
    """How a date is read."""
    first_day: str = "1"
    """How the first of a month is written."""
    month_first: bool = False
    """Whether 5/4/2026 is in May."""
    time: Callable[[int, int], str] = _with_colon
    """How an hour and a minute are read."""
    times: tuple[str, ...] = ()
    """Further ways to write a time than 7:30: expressions with a group for the hour and one for the minute."""
    currencies: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """One of it, several, and its hundredth part, by sign or code."""
    price: str = "{amount} {cents}"
    """How an amount with cents is read."""
    large: Mapping[str, str] = field(default_factory=dict)
    """What may stand between an amount and its currency: `million`."""
    units: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """One of it, with the number, and several, without: `one meter`, `meters`."""
    signs: Mapping[str, str] = field(default_factory=dict)
    """What stands for a sign between or before numbers; `-` is that of a negative one, `to` that of a range."""
    fractions: Mapping[str, str] = field(default_factory=dict)
    """The usual ones: `1/2`."""
    dot: str = ""
    """What stands for the dot of a domain name."""
    rules: tuple[Rule, ...] = ()
    """What only this language needs."""


def any_of(abbreviations: Iterable[str]) -> str:
    """Return an expression for any of *abbreviations*, as they stand in a sentence or begin it, `z.B.` as `z. B.`."""
    words = ["(?!)"]
    for word in sorted(abbreviations, key=len, reverse=True):
        first, rest = re.escape(word[0]), re.escape(word[1:]).replace(r"\ ", r"\s?")
        if len(word) > 2:  # but not the initial M. and the meters of `5 m.`
            first = f"[{word[0].upper()}{word[0].lower()}]"
        words.append(first + re.sub(r"\\\.(?!$|\\s)", r"\\.\\s?", rest))
    return rf"(?<![\w.])(?:{'|'.join(words)})"
