"""Numbers as people say and write them: `1,250.5`, `two and a half`, `siebenundzwanzig`, `quatre-vingt-dix`."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from unicode_rbnf import RbnfEngine

__all__ = ["number"]

_LONGEST = 120
"""Characters of the longest text that is tried."""
_SPELLED = (*range(100), *range(100, 1000, 100))
"""Numbers of which all others below a million million are made."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What a language has beside the cardinal numbers that the Unicode rules spell."""

    comma: bool
    """Whether a comma stands before the decimals, and a point between thousands."""
    point: str
    """How that is read, as a regular expression."""
    minus: str
    """What stands before a negative number."""
    links: frozenset[str]
    """What may stand between the parts of a number: `a hundred and one`."""
    scales: Mapping[str, int]
    """Thousand and more, without spaces, the largest first."""
    more: Mapping[str, int]
    """Further words for a number."""
    half: str
    """What adds a half to the number before it, as a regular expression."""
    halves: Mapping[str, Fraction]
    """Less than one, and what is no number with a half."""


_FRENCH_HUNDREDS = {
    f"{digit}cent": hundreds * 100
    for hundreds, digit in enumerate(("deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"), 2)
}
"""Written without an s where more follows."""
_HALF, _MORE = Fraction(1, 2), Fraction(3, 2)
_WORDS = {
    "en": _Words(
        comma=False,
        point=r"\s+(?:point|dot)\s+",
        minus="minus ",
        links=frozenset({"and"}),
        scales={"trillion": 10**12, "billion": 10**9, "million": 10**6, "thousand": 1000},
        more={"a": 1, "an": 1, "hundred": 100, "ahundred": 100, "dozen": 12, "adozen": 12},
        half=r"\s+and\s+a\s+half",
        halves={"half": _HALF, "half a": _HALF, "half an": _HALF, "a half": _HALF, "a quarter": Fraction(1, 4)},
    ),
    "de": _Words(
        comma=True,
        point=r"\s+(?:komma|punkt)\s+",
        minus="minus ",
        links=frozenset(),
        scales={"milliarden": 10**9, "milliarde": 10**9, "millionen": 10**6, "million": 10**6, "tausend": 1000},
        more={"ein": 1, "eine": 1, "einen": 1, "einem": 1, "einer": 1, "zwo": 2, "hundert": 100, "dreissig": 30},
        half=r"einhalb",
        halves={
            **dict.fromkeys(("halb", "halbe", "halber", "halbes", "halben"), _HALF),
            **dict.fromkeys(("ein halb", "ein halber", "ein halbes", "einen halben", "eine halbe"), _HALF),
            **dict.fromkeys(("anderthalb", "eineinhalb"), _MORE),
        },
    ),
    "fr": _Words(
        comma=True,
        point=r"\s+(?:virgule|point)\s+",
        minus="moins ",
        links=frozenset({"et"}),
        scales={"milliards": 10**9, "milliard": 10**9, "millions": 10**6, "million": 10**6, "mille": 1000},
        more={"septante": 70, "huitante": 80, "nonante": 90, "quatrevingt": 80, "unedouzaine": 12, **_FRENCH_HUNDREDS},
        half=r"\s+et\s+demie?",
        halves=dict.fromkeys(("un demi", "une demi", "demi", "une demie", "la moitié d'un"), _HALF),
    ),
    "es": _Words(
        comma=True,
        point=r"\s+(?:coma|punto)\s+",
        minus="menos ",
        links=frozenset({"y"}),
        scales={"millones": 10**6, "millón": 10**6, "mil": 1000},
        more={"ciento": 100, "unadocena": 12},
        half=r"\s+y\s+medi[oa]",
        halves=dict.fromkeys(("medio", "media", "un medio"), _HALF),
    ),
}


def number(text: str, language: str) -> Fraction | None:
    """Return the number that *text* is, all of it, in words or in digits; None where it is none."""
    main = language.partition("-")[0].lower()
    words = _WORDS.get(main, _WORDS["en"])
    said = " ".join(text.lower().replace("’", "'").split())
    if not said or len(said) > _LONGEST:
        return None
    if rest := re.match(rf"(?:{words.minus}|[-−])\s*(?=\S)", said):
        value = number(said[rest.end() :], language) if not said[rest.end() :].startswith(("-", "−")) else None
        return None if value is None else -value
    for read in (_written, _with_half, _with_decimals, _whole, _scaled):
        if (found := read(said, main if main in _WORDS else "en", words)) is not None:
            return found
    return None


def _written(said: str, main: str, words: _Words) -> Fraction | None:
    """Read digits: a mark before three digits that may stand between thousands does, any other begins the decimals."""
    said = re.sub(r"(?<=\d)[\s'](?=\d{3}(?!\d))", "", said)  # French and Swiss thousands
    if fraction := re.fullmatch(r"(\d{1,9})[/⁄](\d{1,9})", said):
        return Fraction(int(fraction[1]), int(fraction[2])) if int(fraction[2]) else None
    if signed := re.fullmatch(r"(\d*)\s?([½¼¾⅓⅔⅛])", said):
        return int(signed[1] or 0) + Fraction(unicodedata.numeric(signed[2])).limit_denominator(8)
    group, mark = (".", ",") if words.comma else (",", ".")
    if re.fullmatch(rf"\d{{1,3}}(?:[{group}]\d{{3}})+(?:[{mark}]\d+)?", said):
        said = said.replace(group, "")
    plain = re.fullmatch(r"(\d*)[.,]?(\d*)", said)
    return Fraction(f"{plain[1] or 0}.{plain[2] or 0}") if plain and (plain[1] or plain[2]) else None


def _with_half(said: str, main: str, words: _Words) -> Fraction | None:
    if said in words.halves:
        return words.halves[said]
    if (found := re.fullmatch(rf"(.+?){words.half}", said)) is None:
        return None
    whole = _written(found[1], main, words) or _whole(found[1], main, words)
    return None if whole is None else whole + _HALF


def _with_decimals(said: str, main: str, words: _Words) -> Fraction | None:
    """Read `three point one four`, and `trois virgule quatorze`."""
    whole, *decimals = re.split(words.point, said, maxsplit=1)
    before = _written(whole, main, words) or _whole(whole, main, words) if decimals else None
    if before is None:
        return None
    digits = [_written(word, main, words) or _whole(word, main, words) for word in decimals[0].split()]
    if all(digit is not None and digit.denominator == 1 and digit < 10 for digit in digits):
        after = "".join(str(digit) for digit in digits)
    else:
        together = _whole(decimals[0], main, words)
        after = "" if together is None else str(together)
    return before + Fraction(f"0.{after}") if after else None


def _whole(said: str, main: str, words: _Words) -> Fraction | None:
    """Read a number in words, however it is joined."""
    parts = re.findall(r"[^\W\d_]+", said)
    if "".join(parts) != re.sub(r"[\s'-]", "", said):
        return None
    links = words.links if len(parts) > 2 and parts[0] not in words.links and parts[-1] not in words.links else ()
    value = _cardinal("".join(part for part in parts if part not in links), main, words)
    return None if value is None else Fraction(value)


def _scaled(said: str, main: str, words: _Words) -> Fraction | None:
    """Read `2.5 million`."""
    digits, _, name = said.partition(" ")
    value = _written(digits, main, words)
    return value * words.scales[name] if value is not None and name in words.scales else None


def _cardinal(key: str, main: str, words: _Words) -> int | None:
    table = _table(main)
    if key in table:
        return table[key]
    for name, scale in words.scales.items():
        head, found, tail = key.partition(name)
        if found:
            many = _cardinal(head, main, words) if head else 1
            rest = _cardinal(tail, main, words) if tail else 0
            return many * scale + rest if many and rest is not None and rest < scale else None
    for hundreds in (length for length in range(len(key) - 1, 2, -1) if table.get(key[:length], 0) >= 100):
        if 0 < table.get(key[hundreds:], 0) < 100:
            return table[key[:hundreds]] + table[key[hundreds:]]
    return None


@cache
def _table(main: str) -> dict[str, int]:
    """Return the numbers below a hundred and the hundreds, by all their forms, without spaces and hyphens."""
    engine, words = RbnfEngine.for_language(main), _WORDS[main]
    table = dict(words.more)
    for value in _SPELLED:
        forms = engine.format_number(value).text_by_ruleset
        for spelled in (text for rules, text in forms.items() if "ordinal" not in rules and "year" not in rules):
            parts = re.findall(r"[^\W\d_]+", spelled.replace("\u00ad", "").lower())
            table.setdefault("".join(part for part in parts if part not in words.links), value)
    return table
