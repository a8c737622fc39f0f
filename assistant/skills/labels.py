"""What timers, alarms and reminders are called, and the question which of several is meant."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime

from babel.dates import format_date, get_day_names
from babel.lists import format_list

from assistant.skill import Ask, Reply
from assistant.skills.localised import joined, locale_of, o_clock
from assistant.timers import Appointment, Kind, Timer, Timers
from assistant.timers.words import ahead, lasting, main_language

__all__ = ["label", "moment", "one_of", "taken_back"]

_LONG = {"en": "EEEE, MMMM d", "de": "EEEE, 'dem' d. MMMM", "fr": "EEEE d MMMM", "es": "EEEE d 'de' MMMM"}
"""A weekday, a day and its month within a sentence, by CLDR's letters."""
_SAID = {
    "en": {
        "today": "today at {time}",
        "tomorrow": "tomorrow at {time}",
        "day": "on {day} at {time}",
        "daily": "every day at {time}",
        "working": "every weekday at {time}",
        "days": "every {days} at {time}",
    },
    "de": {
        "today": "heute um {time} Uhr",
        "tomorrow": "morgen um {time} Uhr",
        "day": "am {day} um {time} Uhr",
        "daily": "jeden Tag um {time} Uhr",
        "working": "werktags um {time} Uhr",
        "days": "jeden {days} um {time} Uhr",
    },
    "fr": {
        "today": "aujourd'hui à {time}",
        "tomorrow": "demain à {time}",
        "day": "le {day} à {time}",
        "daily": "tous les jours à {time}",
        "working": "en semaine à {time}",
        "days": "chaque {days} à {time}",
    },
    "es": {
        "today": "hoy a {time}",
        "tomorrow": "mañana a {time}",
        "day": "el {day} a {time}",
        "daily": "todos los días a {time}",
        "working": "entre semana a {time}",
        "days": "cada {days} a {time}",
    },
}


_TAKEN_BACK = {
    "en": {
        Kind.TIMER: ("The timer is cancelled.", "There is no such timer any more."),
        Kind.ALARM: ("The alarm is off again.", "There is no such alarm any more."),
        Kind.REMINDER: ("The reminder is deleted again.", "There is no such reminder any more."),
    },
    "de": {
        Kind.TIMER: ("Der Timer ist gelöscht.", "Den Timer gibt es nicht mehr."),
        Kind.ALARM: ("Der Wecker ist wieder aus.", "Den Wecker gibt es nicht mehr."),
        Kind.REMINDER: ("Die Erinnerung ist wieder gelöscht.", "Die Erinnerung gibt es nicht mehr."),
    },
    "fr": {
        Kind.TIMER: ("Le minuteur est annulé.", "Ce minuteur n'existe plus."),
        Kind.ALARM: ("Le réveil est de nouveau désactivé.", "Ce réveil n'existe plus."),
        Kind.REMINDER: ("Le rappel est supprimé.", "Ce rappel n'existe plus."),
    },
    "es": {
        Kind.TIMER: ("He cancelado el temporizador.", "Ese temporizador ya no existe."),
        Kind.ALARM: ("He quitado la alarma.", "Esa alarma ya no existe."),
        Kind.REMINDER: ("He borrado el recordatorio.", "Ese recordatorio ya no existe."),
    },
}
"""What is said of what is taken back, and of what has ended before."""


def moment(timer: Timer, timers: Timers, language: str) -> str:
    """Return when something rings, as it is said: `tomorrow at 7:00`, `in 10 minutes`."""
    if timer.at is None:
        return ahead(timers.left(timer), language)
    now = datetime.fromtimestamp(timers.wall, timers.zone).date()
    return _at(timer.at, now, language)


def _at(at: Appointment, today: date, language: str) -> str:
    main, locale = main_language(language), locale_of(language)
    words, clock = _SAID[main], datetime.strptime(at.time[:5], "%H:%M").time()  # noqa: DTZ007 (a time of day)
    time = o_clock(clock, language)
    if main == "es":
        time = f"{'la' if clock.hour == 1 else 'las'} {time}"
    if at.days:
        names = get_day_names(locale=locale)
        key = {7: "daily", 5: "working" if at.days == (0, 1, 2, 3, 4) else "days"}.get(len(at.days), "days")
        return words[key].format(time=time, days=joined([names[day] for day in at.days], language))
    when = date.fromisoformat(at.date)
    key = {0: "today", 1: "tomorrow"}.get((when - today).days, "day")
    return words[key].format(time=time, day=format_date(when, _LONG[main], locale=locale))


def label(timer: Timer, timers: Timers, language: str) -> str:
    """Return what something is called: its name, or else how long it was, or when it is due."""
    if timer.label:
        return timer.label
    return lasting(timer.seconds, language) if timer.kind is Kind.TIMER else moment(timer, timers, language)


def one_of(
    found: Sequence[Timer], timers: Timers, language: str, then: Callable[[list[Timer]], Awaitable[Reply]]
) -> Reply:
    """Return the question which of several is meant; *then* goes on with the one, or with all."""
    named: Mapping[str, Timer] = dict(_labels(found, timers, language))

    async def chosen(choice: str) -> Reply:
        return await then([named[choice]])

    async def every() -> Reply:
        return await then(list(found))

    choices = format_list(list(named), style="or", locale=locale_of(language))
    return Reply(key="which", facts={"choices": choices}, asks=Ask(chosen, tuple(named), every))


def _labels(found: Sequence[Timer], timers: Timers, language: str) -> list[tuple[str, Timer]]:
    """Return what each is called, such that no two are called the same."""
    plain = [label(timer, timers, language) for timer in found]
    labels: list[tuple[str, Timer]] = []
    for name, timer in zip(plain, found, strict=True):
        if plain.count(name) > 1:
            name = f"{name} ({lasting(timers.left(timer), language)})"
        if any(name == other for other, _ in labels):
            name = f"{name} {timer.id}"
        labels.append((name, timer))
    return labels


async def taken_back(timers: Timers, timer: Timer, language: str) -> str:
    """Let what was just set not ring, and return what is said of it."""
    done, late = _TAKEN_BACK[main_language(language)][timer.kind]
    return done if await timers.cancel([timers.get(timer.id) or timer]) else late
