"""Numbers, dates, units and lists of words as they are written in a language, by Unicode's data (CLDR) in Babel.

A voice reads them aloud by its own rules and those of `assistant.pipeline.spoken`.
"""

import re
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

__all__ = ["day", "decimal", "joined", "locale_of", "measure", "o_clock", "rounded", "weekday"]

_DIGITS = 60
"""Digits that are reckoned with; no number that is said has half of them."""
_DAYS = {"de": "EEEE, 'der' d. MMMM y", "es": "EEEE d 'de' MMMM 'de' y"}
"""How a day is said within a sentence, where it is not as it is written alone."""
_ONE = {
    "de": ("ein", "eine", r"(?!(?i:\w*(?:byte|joule|acre|stone))\b)\w+e\b"),
    "es": ("un", "una", r"(?!día)\w+a\b|\w+ion\b"),
    "fr": ("un", "une", r"(?:heure|minute|seconde|semaine|livre|once|tonne|tasse|pinte|\w*calorie|acre|cuillère)\b"),
}
"""By language: one of a unit, and of one that is feminine, whose name that is; a voice says `un heure`."""
_NAMELESS = {("fr", "volume-cup"): "tasses"}


@cache
def locale_of(language: str) -> Locale:
    """Return the locale of a BCP-47 tag; English for one that nobody knows."""
    tag = language.replace("-", "_")
    for name in (tag, tag.partition("_")[0]):
        try:
            return Locale.parse(name)
        except (ValueError, UnknownLocaleError):
            continue
    return Locale("en")


def rounded(value: Fraction, places: int) -> Decimal:
    """Return *value* with as many decimals as *places* at most, rounded half to even."""
    with localcontext(prec=_DIGITS):
        return Decimal(round(value * 10**places)).scaleb(-places).normalize()


def decimal(value: Decimal, language: str) -> str:
    """Return a number in digits: `1,234.5`."""
    return format_decimal(value, locale=locale_of(language), decimal_quantization=False)


def measure(value: Decimal, unit: str, language: str) -> str:
    """Return an amount of a *unit* of CLDR, such as `volume-liter`, in words: `2.5 liters`, `une heure`."""
    locale = locale_of(language)
    said = format_unit(value, unit, locale=locale)
    if unit in said:  # it has no name: CLDR does not know the French cup
        said = said.replace(unit, _NAMELESS.get((locale.language, unit), unit))
    if value != 1 or locale.language not in _ONE:
        return said
    masculine, feminine, endings = _ONE[locale.language]
    noun = said.split(maxsplit=1)[-1]
    return f"{feminine if re.match(endings, noun) else masculine} {noun}"


def day(when: date, language: str) -> str:
    """Return a date with its weekday, in words."""
    locale = locale_of(language)
    return format_date(when, _DAYS.get(locale.language, "full"), locale=locale)


def weekday(when: date, language: str) -> str:
    """Return the name of a day of the week."""
    return format_date(when, "EEEE", locale=locale_of(language))


def o_clock(when: time, language: str) -> str:
    """Return a time of day, to the minute."""
    written = format_time(when, "short", locale=locale_of(language)).replace("\u202f", " ")
    return written.replace("AM", "am").replace("PM", "pm")  # in capitals, a voice spells them after "o'clock"


def joined(words: Sequence[str], language: str) -> str:
    """Return words as they are listed: `milk, eggs and bread`."""
    return format_list(list(words), locale=locale_of(language))
