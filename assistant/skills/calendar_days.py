"""The day that somebody means: "Christmas", "the 3rd of May", "Friday"."""

import re
import unicodedata
from datetime import date, timedelta
from functools import cache

from unicode_rbnf import RbnfEngine

from assistant.skills.localised import locale_of
from assistant.skills.words import words

__all__ = ["dates", "day_meant"]

_ENDINGS = {"en": ("",), "de": ("n", "r", "")}
"""What ends an ordinal: the dritte, am dritten."""


def day_meant(said: str, today: date, language: str) -> date | None:
    """Return the first day from *today* on that *said* can mean; None where it names none."""
    text = _plain(said)
    holidays = {_plain(name): day for name, day in words("clock", language, "clock_holiday").items()}
    if holiday := holidays.get(text):
        month, day = map(int, holiday.split("-"))
        return _next(day, month, today)
    locale = locale_of(language)
    for weekday, name in locale.days["format"]["wide"].items():
        if text in (_plain(name), f"next {_plain(name)}"):
            return today + timedelta((weekday - today.weekday() - 1) % 7 + 1)
    for month, name in locale.months["format"]["wide"].items():
        if found := re.fullmatch(rf"(.*?)\b{re.escape(_plain(name))}\b(.*)", text):
            return _of_month(f"{found[1]} {found[2]}", month, today, language)
    return None


@cache
def dates(language: str) -> str:
    """Return what finds a day of a month in plain words: `on december 3rd`, `am 3 dezember`, `el 3 de diciembre`."""
    months = "|".join(map(re.escape, (name.lower() for name in locale_of(language).months["format"]["wide"].values())))
    day = "|".join((r"\d{1,2}(?:st|nd|rd|th|er|º|ª)?", *_ordinals(language)))
    year = r"(?:,? (?:de |del )?\d{4})?"
    before = rf"(?:the |den |dem |le |el )?(?:{day})(?: of| de)? (?:{months}){year}"
    after = rf"(?:{months}) (?:the )?(?:{day}){year}"
    return rf"(?:(?:on|am|für|zum) )?(?:{before}|{after})" if language[:2] == "en" else rf"(?:(?:am|für|zum) )?{before}"


@cache
def _ordinals(language: str) -> dict[str, int]:
    """Return the days of a month in words, the longest first; French and Spanish count them, but for the first."""
    main = language.partition("-")[0].lower()
    if main not in _ENDINGS:
        return {"premier": 1, "primero": 1}
    spell = RbnfEngine.for_language(main)
    spelled = {spell.format_number(day, ruleset_names=["spellout-ordinal"]).text: day for day in range(31, 0, -1)}
    return {word + ending: day for word, day in spelled.items() for ending in _ENDINGS[main]}


def _of_month(rest: str, month: int, today: date, language: str) -> date | None:
    """Return the day of a *month* whose number, and maybe whose year, is in the *rest* of the words."""
    named = {_plain(word): day for word, day in _ordinals(language).items()}
    words = re.sub(rf"\b(?:{'|'.join(map(re.escape, named))})\b", lambda word: str(named[word[0]]), rest)
    numbers = [int(number) for number in re.findall(r"\d+", words)]
    if len(numbers) == 2 and 1000 <= numbers[1] <= 9999:
        return _date(numbers[1], month, numbers[0])
    return _next(numbers[0], month, today) if len(numbers) == 1 else None


def _next(day: int, month: int, today: date) -> date | None:
    """Return the next such day: a 29th of February is looked for over eight years, the longest that there is none."""
    days = (_date(today.year + years, month, day) for years in range(9))
    return next((found for found in days if found is not None and found >= today), None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _plain(words: str) -> str:
    """Return words without case, accents, and a dot after a number."""
    folded = unicodedata.normalize("NFKD", words.casefold().replace("’", "'").replace(".", " "))
    return " ".join("".join(sign for sign in folded if not unicodedata.combining(sign)).split())
