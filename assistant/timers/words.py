"""What is said when something rings, and how long a time is, in words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from babel import Locale
from babel.lists import format_list
from babel.units import format_unit

from assistant.timers.timer import Kind, Timer

__all__ = ["ahead", "announcement", "lasting", "main_language"]

_LATE = 60.0
"""Seconds of lateness from which it is said."""
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_ONE = {
    "de": {"day": "ein Tag", "hour": "eine Stunde", "minute": "eine Minute", "second": "eine Sekunde"},
    "fr": {"day": "un jour", "hour": "une heure", "minute": "une minute", "second": "une seconde"},
    "es": {"day": "un día", "hour": "una hora", "minute": "un minuto", "second": "un segundo"},
}
"""One of each, where a voice would read the digit in the wrong gender."""
_AHEAD = {"de": "in", "fr": "dans", "es": "en", "en": "in"}
_DATIVE = {
    "ein Tag": "einem Tag",
    "eine Stunde": "einer Stunde",
    "eine Minute": "einer Minute",
    "eine Sekunde": "einer Sekunde",
    "Tage": "Tagen",
}
"""What German makes of the words after `in`."""


@dataclass(frozen=True, slots=True)
class _Words:
    """One language."""

    timer: str
    """A timer is over: `{name}` is its name, or how long it was."""
    alarm: str
    """An alarm, at a time of day."""
    wake: str
    """An alarm after a while."""
    reminder: str
    """A reminder of `{name}`."""
    late: str
    """It comes too late by `{late}`."""
    at_one: str = ""
    """An alarm at one, where the hour is only one."""


_WORDS = {
    "en": _Words(
        timer="Timer: {name}. Time is up.",
        alarm="It is {time}.",
        wake="Time to get up.",
        reminder="Reminder: {name}.",
        late="I am {late} late, because I was off.",
    ),
    "de": _Words(
        timer="Timer: {name}. Die Zeit ist um.",
        alarm="Es ist {time} Uhr.",
        wake="Zeit zum Aufstehen.",
        reminder="Erinnerung: {name}.",
        late="Das kommt zu spät, denn ich war aus. Verspätung: {late}.",
    ),
    "fr": _Words(
        timer="Minuteur : {name}. C'est l'heure.",
        alarm="Il est {time}.",
        wake="C'est l'heure de se lever.",
        reminder="Rappel : {name}.",
        late="J'ai {late} de retard, car j'étais éteint.",
    ),
    "es": _Words(
        timer="Temporizador: {name}. Se acabó el tiempo.",
        alarm="Son las {time}.",
        wake="Es hora de levantarse.",
        reminder="Recordatorio: {name}.",
        late="Llego {late} tarde, porque estaba apagado.",
        at_one="Es la {time}.",
    ),
}


def main_language(language: str) -> str:
    """Return which of the four languages a BCP-47 tag is; English for any other."""
    main = language.partition("-")[0].lower()
    return main if main in _WORDS else "en"


def lasting(seconds: float, language: str) -> str:
    """Return a length of time in words, by its two largest units: `1 hour and 5 minutes`."""
    main, rest = main_language(language), max(0, round(seconds))
    if rest >= 3600:
        rest = round(rest / 60) * 60  # an hour, two minutes and seven seconds: nobody wants the seconds
    parts: list[tuple[str, int]] = []
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count:
            parts.append((unit, count))
    named = parts[:2] or [("second", 0)]
    locale = Locale(main)
    return format_list([_counted(unit, count, main, locale) for unit, count in named], locale=locale)


def ahead(seconds: float, language: str) -> str:
    """Return how far away a moment is, in words: `in 1 hour and 5 minutes`."""
    main, length = main_language(language), lasting(seconds, language)
    if main == "de":
        length = re.sub("|".join(_DATIVE), lambda words: _DATIVE[words[0]], length)
    return f"{_AHEAD[main]} {length}"


def _counted(unit: str, count: int, main: str, locale: Locale) -> str:
    if count == 1 and main in _ONE:
        return _ONE[main][unit]
    return format_unit(count, f"duration-{unit}", locale=locale)


@lru_cache(1024)  # asked anew for each that is to ring whenever one of them changes
def announcement(timer: Timer) -> str:
    """Return what is said when *timer* rings."""
    words = _WORDS[main_language(timer.language)]
    said = _ANNOUNCED[timer.kind](timer, words)
    if timer.late < _LATE:
        return said
    return f"{said} {words.late.format(late=lasting(timer.late, timer.language))}"


def _timer(timer: Timer, words: _Words) -> str:
    return words.timer.format(name=timer.label or lasting(timer.seconds, timer.language))


def _alarm(timer: Timer, words: _Words) -> str:
    if timer.at is None:
        return words.wake
    clock = datetime.strptime(timer.at.time[:5], "%H:%M")  # noqa: DTZ007 (a time of day)
    time = f"{clock.hour} h {clock.minute:02}" if words is _WORDS["fr"] else f"{clock.hour}:{clock.minute:02}"
    return (words.at_one if clock.hour == 1 and words.at_one else words.alarm).format(time=time)


def _reminder(timer: Timer, words: _Words) -> str:
    return words.reminder.format(name=timer.label)


_ANNOUNCED: dict[Kind, Callable[[Timer, _Words], str]] = {
    Kind.TIMER: _timer,
    Kind.ALARM: _alarm,
    Kind.REMINDER: _reminder,
}
