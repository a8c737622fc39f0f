"""Write out what a voice would read wrongly, by the tables of a language: short forms, dates, money, units, signs."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from assistant.pipeline.spoken.de import GERMAN
from assistant.pipeline.spoken.en import ENGLISH
from assistant.pipeline.spoken.es import SPANISH
from assistant.pipeline.spoken.fr import FRENCH
from assistant.pipeline.spoken.it import ITALIAN
from assistant.pipeline.spoken.language import Language, Rule, any_of
from assistant.pipeline.spoken.nl import DUTCH

__all__ = ["language_of", "write_out"]

_LANGUAGES = {"de": GERMAN, "en": ENGLISH, "es": SPANISH, "fr": FRENCH, "it": ITALIAN, "nl": DUTCH}
_OTHER = Language()

_NUMBER = r"\d+(?:[.,]\d+)*"
_ALONE = r"(?<![\w.,/:-])"
"""What must stand before a number that is not part of something longer."""
_DAY, _MONTH, _YEAR = r"(0?[1-9]|[12]\d|3[01])", r"(0?[1-9]|1[0-2])", r"([12]\d{3})"
_PHONE = r"\+\d[\d /()-]{6,}\d|0\d[\d /-]{5,}\d|\(?\d{3}\)?[ -]\d{3}-\d{4}|\d{3}-\d{4}"
_DOMAINS = "com|org|net|edu|gov|info|io|ai|dev|app|eu|uk|us|de|at|ch|fr|be|es|it|nl"


def language_of(tag: str) -> Language:
    """Return the tables of a BCP-47 tag; empty ones for a language that has none yet."""
    return _LANGUAGES.get(re.split("[-_]", tag)[0].lower(), _OTHER)


def write_out(text: str, tag: str) -> str:
    """Return *text* in words that a voice of the language *tag* reads well."""
    ended = text.endswith(".")
    for pattern, words in _rules(tag):
        text = pattern.sub(words, text)
    return f"{text}." if ended and not text.endswith(".") else text


@cache
def _rules(tag: str) -> tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]:
    language = language_of(tag)
    if language is _OTHER:
        return ()
    rules = (
        *_abbreviations(language),
        *_telephone(),
        *_dates(language, month_first=tag.lower() in ("en", "en-us", "en_us")),
        *_ranges(language),
        *_times(language),
        *_amounts(language),
        *language.rules,
        *_signs(language),
    )
    return tuple((re.compile(pattern), words) for pattern, words in rules)


def _any(words: Iterable[str]) -> str:
    """Return an expression for any of *words*, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _abbreviations(language: Language) -> Iterator[Rule]:
    yield r"\b(etc|usw|ecc|enz)\.(?=\s[A-ZÀ-Þ])", r"\1.."  # it ends the sentence as well
    for table, after in ((language.abbreviations, r"(?!\w)"), (language.before_numbers, r"(?=\s?\d)")):
        words = {short.replace(" ", "").lower(): whole for short, whole in table.items()}

        def write(match: re.Match[str], words: dict[str, str] = words) -> str:
            return words["".join(match[0].split()).lower()]

        yield rf"{any_of(table)}{after}", write
    # the dots of initials would end a sentence: J. R. R. Tolkien, John F. Kennedy
    yield r"\b([A-Z])\.(?=\s[A-Z]\.)", r"\1"
    yield r"(\b[A-Z](?:[a-zß-ÿ]+)?\s[A-Z])\.(?=\s[A-Z])", r"\1"


def _telephone() -> Iterator[Rule]:
    """Say the digits of a telephone number one by one, and take the blanks out of a number of thousands."""

    def digits(match: re.Match[str]) -> str:
        return re.sub(r"(?<=\d)(?=\d)", " ", re.sub(r"\s*[/()-]\s*", " ", match[0])).strip()

    yield rf"{_ALONE}(?:{_PHONE})(?![\w-])", digits
    yield "(?<=\\d)[\u00a0\u202f](?=\\d{3}(?!\\d))", ""


def _dates(language: Language, month_first: bool) -> Iterator[Rule]:
    months = language.months.split()

    def date(day: str, month: str, year: str = "") -> str:
        number = language.first_day if int(day) == 1 else str(int(day))
        return language.date.format(day=number, month=months[int(month) - 1], year=year).strip()

    yield rf"{_ALONE}{_YEAR}-{_MONTH}-{_DAY}(?!\d|-)T?", lambda match: date(match[3], match[2], match[1])
    if month_first:
        yield rf"{_ALONE}{_MONTH}/{_DAY}/{_YEAR}(?![\w/])", lambda match: date(match[2], match[1], match[3])
    yield rf"{_ALONE}{_DAY}([/.-]){_MONTH}\2{_YEAR}(?![\w/])", lambda match: date(match[1], match[3], match[4])
    if language.dotted_ordinals:
        yield rf"{_ALONE}{_DAY}\.{_MONTH}\.(?!\d)", lambda match: date(match[1], match[2])
    if language.first_day != "1":
        yield rf"{_ALONE}1(?=\s(?:{'|'.join(months)})\b)", language.first_day


def _ranges(language: Language) -> Iterator[Rule]:
    def size(number: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", re.sub(r"[.,](?=\d{3}\b)", "", number))]

    def between(match: re.Match[str]) -> str:
        first, last = match.groups()
        rising = size(first) < size(last)  # 3-1 is how a game ended
        return f"{first} {language.signs['to']} {last}" if rising else f"{first} {last}"

    number = r"([$€£]?\d+(?:[.,:]\d+)*(?:\s?%|°[CF]?)?)"
    yield rf"(?<![\w.,/:$€£-]){number}(?:-|\s?–\s?){number}(?![\d-])", between


def _times(language: Language) -> Iterator[Rule]:
    def time(match: re.Match[str]) -> str:
        return language.time(int(match[1]), int(match[2] or 0))

    yield r"\b(\d{1,2}):00(?=\s?[ap]\.?m\b)", r"\1"
    for pattern in (*language.times, r"([01]?\d|2[0-4]):([0-5]\d)(?!:?\d)"):
        yield rf"{_ALONE}{pattern}", time


def _amounts(language: Language) -> Iterator[Rule]:
    """Name what is counted: money, and all that has a unit."""
    yield r"(?<![\w.,)])[-−](?=[$€£]?\d)", f"{language.signs['-']} "

    def money(number: str, large: str | None, sign: str) -> str:
        one, many, cents = language.currencies[sign]
        if large:
            return f"{number} {language.large[large]} {many}"
        exact = re.fullmatch(r"(\d+|\d{1,3}(?:[.,]\d{3})+)[.,](\d\d)", number)
        whole, rest = exact.groups() if exact else (number, "00")
        if whole == "0" and rest != "00":
            return f"{int(rest)} {cents}"
        amount = one if whole == "1" else f"{whole} {many}"
        return amount if rest == "00" else language.price.format(amount=amount, cents=int(rest))

    sign, large = _any(language.currencies), rf"(?:\s?({_any(language.large)})\b)?"
    yield rf"(?<!\w)({sign})\s?({_NUMBER}){large}", lambda match: money(match[2], match[3], match[1])
    yield rf"{_ALONE}({_NUMBER}){large}\s?({sign})(?!\w)", lambda match: money(match[1], match[2], match[3])

    def measure(match: re.Match[str]) -> str:
        one, many = language.units[match[2]]
        return one if match[1] == "1" else f"{match[1]} {many}"

    yield r"°\s?([CF])\b", r"°\1"
    decade = r"\d+s\b"  # 30s may be the thirties
    yield rf"{_ALONE}(?!{decade})({_NUMBER})\s?({_any(language.units)})(?![\w/²³'’])", measure


def _signs(language: Language) -> Iterator[Rule]:
    signs = language.signs
    yield rf"(?<![\w/])(?:{_any(language.fractions)})(?![\w/])", lambda match: language.fractions[match[0]]
    yield r"(?<=\d)\s?[*x]\s?(?=\d)", " × "
    yield r"(?<=\d)\s/\s(?=\d)", " ÷ "
    yield r"(?<=\d)\s[-−]\s(?=\d)", f" {signs['-']} "
    for sign in signs.keys() & set("+=×÷<>&"):
        yield rf"(?<=[\w)])\s*{re.escape(sign)}\s*(?=[\w(])", f" {signs[sign]} "
    for sign in signs.keys() & set("±≈~#"):
        yield rf"{sign}\s?(?=\d)", f"{signs[sign]} "
    for sign in "²³":
        yield sign, f" {signs[sign]}"
    yield r"(?<=\w)/(?=\w)", " "
    if language.dot:
        yield rf"(?<=[\w-])\.(?=(?:[\w-]+\.)*(?:{_DOMAINS})\b)", f" {language.dot} "
