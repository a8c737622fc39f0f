"""Times as people say them: how long (`an hour and a half`), and when (`every weekday at half past six`)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from assistant.skills.calendar_days import dates, day_meant
from assistant.skills.numerals import number
from assistant.skills.when_words import WORDS, Words
from assistant.timers import Appointment
from assistant.timers.words import main_language

__all__ = ["When", "length", "when"]

_LONGEST = 120
"""Characters of the longest text that is looked at."""
_DAY = 24 * 60
"""Minutes."""
_NEVER = -1
"""The minute of a time that no clock shows, and how far away a day is that no calendar has."""


@dataclass(frozen=True, slots=True)
class When:
    """When something is to ring: after so many seconds, or at an appointment; neither at a time that no clock shows."""

    seconds: float | None = None
    """Seconds from now; None where a time of day was said. May be any number, even one less than nought."""
    at: Appointment | None = None
    """The time of day; None where a length of time was said."""


def length(text: str, language: str) -> float | None:
    """Return the length of time in seconds that *text* is, all of it; None where it is none.

    It may be negative, or absurdly long: whoever sets something has limits.
    """
    words, rest = WORDS[main_language(language)], _plain(text)
    if not rest or len(rest) > _LONGEST:
        return None
    total, last, found = 0.0, 0.0, re.match(words.units_pattern, rest)
    while found is not None and found.end():
        count = found["count"].strip()
        many = number(count, language) if count else None
        if (count and many is None) or (not count and found["unit"] not in words.alone):
            return None
        last = words.units[found["unit"]]
        total += float(1 if many is None else many) * last
        rest = re.sub(rf"^(?:{words.also}) ", "", rest[found.end() :].strip())
        found = re.match(words.units_pattern, rest)
    if not last:
        return None
    if not rest:
        return total
    if re.fullmatch(words.half, rest):
        return total + last / 2
    more = number(rest, language)
    return total + float(more) * 60 if more is not None and last == 3600 and 0 < more < 60 else None


def when(text: str, language: str, now: datetime, *, by_day: bool = False) -> When | None:
    """Return when *text* means, as it is said at *now*, a time with a zone; None where it means no time.

    Where a time has no half of the day it is that of a clock with 24 hours; *by_day*, it is the next that is not at
    night, as one means who wants to be reminded at three.
    """
    words, said = WORDS[main_language(language)], _plain(text)
    if not said or len(said) > _LONGEST:
        return None
    if (found := re.fullmatch(words.after, said)) is not None:
        span = next(part for part in found.groups() if part is not None)
        if (seconds := length(span, language)) is not None:
            return When(seconds=seconds)
    said, days = _days(said, words)
    said, ahead = _ahead(said, words, language, now)
    said, half = _half_of_day(said, words)
    minute = _clock(re.sub(rf"(?:^| )(?:{words.filler})(?= |$)", "", f" {said}").strip(), language, words)
    if minute is None:
        return None
    if _NEVER in (minute, ahead):
        return When()
    if half == "pm" and minute < _DAY // 2:
        minute += _DAY // 2
    elif half == "am" and minute >= _DAY // 2:
        minute -= _DAY // 2
    elif by_day and not half and 60 <= minute < _DAY // 2:
        minute = _by_day(minute, now if ahead is None and not days else None)
    time = f"{minute // 60 % 24:02}:{minute % 60:02}"
    if days:
        return When(at=Appointment(time=time, days=days))
    passed = (minute % _DAY) <= now.hour * 60 + now.minute
    day = now.date() + timedelta(days=(1 if passed else 0) if ahead is None else ahead)
    return When(at=Appointment(time=time, date=day.isoformat()))


def _plain(text: str) -> str:
    """Return *text* in lower case, without punctuation other than within numbers and words."""
    text = re.sub(r"\b([ap])\. ?m\b\.?", r"\1m", text.lower().replace("’", "'"))
    text = re.sub(r"(?<!\d)[.,;:!?¿¡]|[.,;:!?](?!\d)", " ", text)
    return " ".join(text.split())


def _days(said: str, words: Words) -> tuple[str, tuple[int, ...]]:
    """Take the days on which it repeats out of what was said."""
    for pattern, days, kept in words.repeating:
        if (found := _found(pattern, said)) is not None:
            return _with(said, found, kept), days
    if (every := _found(words.every, said)) is None:
        return said, ()
    named = re.split(rf" (?:{words.also}) | ", every["days"])
    return _with(said, every), tuple(sorted({words.weekday(name) for name in named}))


def _found(pattern: str, said: str) -> "re.Match[str] | None":
    return re.search(rf"(?:^|(?<=\d)| )(?:{pattern})(?= |$)", said)


def _with(said: str, found: "re.Match[str]", other: str = "") -> str:
    """Return what was said with *other* words, or none, in the place of some."""
    return " ".join(f"{said[: found.start()]} {other} {said[found.end() :]}".split())


def _ahead(said: str, words: Words, language: str, now: datetime) -> tuple[str, int | None]:
    """Take a day out of what was said: how many days ahead it is, None where none was named."""
    if (found := _found(dates(language), said)) is not None:
        day = day_meant(found[0], now.date(), language)
        return _with(said, found), _NEVER if day is None else (day - now.date()).days
    for pattern, ahead in words.days:
        if (found := _found(pattern, said)) is not None:
            return _with(said, found), ahead
    if (found := _found(words.on_day, said)) is not None:
        ahead = (words.weekday(found["day"]) - now.weekday()) % 7 or 7
        return _with(said, found), ahead
    return said, None


def _half_of_day(said: str, words: Words) -> tuple[str, str]:
    for pattern, half in ((words.am, "am"), (words.pm, "pm")):
        if (found := _found(pattern, said)) is not None:
            return _with(said, found), half
    return said, ""


def _clock(said: str, language: str, words: Words) -> int | None:
    """Return the minute of the day that was said; `_NEVER` for half past twenty-seven."""
    otherwise: int | None = None
    for pattern, minute in words.named:
        if re.fullmatch(pattern, said):
            return minute
    for pattern, shift in words.clock:
        if (found := re.fullmatch(pattern, said)) is None:
            continue
        parts = found.groupdict()
        hour, more = number(parts["h"], language), number(parts.get("m") or "0", language)
        if hour is None or more is None or hour.denominator * more.denominator > 1:
            continue
        minute = int(hour) * 60 + (shift + int(more) if shift is not None else -int(more))
        if 0 <= hour <= 24 and 0 <= more < 60 and minute <= _DAY:
            return minute % _DAY
        otherwise = _NEVER
    return otherwise


def _by_day(minute: int, now: datetime | None) -> int:
    """Return the half of the day that is meant: the next to come, where it is today, or else not the night."""
    if now is None:
        return minute + _DAY // 2 if minute < 7 * 60 else minute
    past = now.hour * 60 + now.minute
    if minute <= past < minute + _DAY // 2:
        return minute + _DAY // 2
    return minute if past < minute else _by_day(minute, None)
