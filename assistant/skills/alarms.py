"""Alarms: woken at a time of day, once or on some days of every week; and a few more minutes for whatever rings."""

from datetime import datetime
from functools import partial

from assistant.errors import ServiceError
from assistant.skill import Asked, Reply, Skill
from assistant.skills.labels import label, moment, one_of
from assistant.skills.setting import refused, set_for
from assistant.skills.when import When, length, when
from assistant.skills.words import SENTENCES
from assistant.timers import Appointment, Kind, Refused, Timer, Timers
from assistant.timers.ringing import SNOOZE
from assistant.timers.words import ahead
from assistant.undo import Undos

__all__ = ["alarms", "understood"]


def alarms(timers: Timers, undos: Undos) -> Skill:
    """Return the skill."""
    return Skill(
        name="alarms",
        intents={
            "InglenookSetAlarm": partial(_set, timers, undos),
            "InglenookCancelAlarm": partial(_cancel, timers),
            "InglenookAlarmStatus": partial(_status, timers),
            "InglenookSnooze": partial(_snooze, timers),
        },
        reads=frozenset({"InglenookAlarmStatus"}),
        takes=partial(_takes, timers),
        sentences=str(SENTENCES),
        examples={
            "en": ("Wake me at seven", "Set an alarm for every weekday at 6:30"),
            "de": ("Weck mich um sieben", "Stell den Wecker werktags auf 6:30"),
            "fr": ("Réveille-moi à sept heures", "Quand sonne mon réveil ?"),
            "es": ("Despiértame a las siete", "¿Qué alarmas tengo?"),
        },
    )


def understood(timers: Timers, asked: Asked, *, by_day: bool = False) -> When | None:
    """Return when something is to ring, where it was said at all."""
    now = datetime.fromtimestamp(timers.wall, timers.zone)
    return when(asked.slots.get("when", ""), asked.language, now, by_day=by_day)


def _takes(timers: Timers, asked: Asked) -> bool:
    if "duration" in asked.slots:
        return length(asked.slots["duration"], asked.language) is not None
    return "when" not in asked.slots or understood(timers, asked) is not None


async def _set(timers: Timers, undos: Undos, asked: Asked) -> Reply:
    wanted = understood(timers, asked)
    if wanted is None or wanted == When():
        return Reply(key="when" if wanted is None else "never")
    try:
        alarm = Timer(kind=Kind.ALARM, seconds=wanted.seconds or 0.0, at=wanted.at)
        alarm = await set_for(asked, alarm, timers, undos)
    except (Refused, ServiceError) as error:
        return refused(error)
    key = "default" if alarm.at else "after"
    return Reply(key=key, facts={"said": moment(alarm, timers, asked.language)})


async def _cancel(timers: Timers, asked: Asked) -> Reply:
    found = list(timers.pending(Kind.ALARM))
    if (wanted := understood(timers, asked)) is not None:
        found = [alarm for alarm in found if alarm.at and wanted.at and _same(alarm.at, wanted.at)]

    async def then(chosen: list[Timer]) -> Reply:
        gone = await timers.cancel(chosen, turn=asked.turn)
        said = label(chosen[0], timers, asked.language)
        return Reply(key={0: "none", 1: "default"}.get(len(gone), "several"), facts={"count": len(gone), "said": said})

    if len(found) > 1 and "every" not in asked.slots:
        return one_of(found, timers, asked.language, then)
    return await then(found) if found else Reply(key="none")


def _same(at: Appointment, wanted: Appointment) -> bool:
    """Tell whether an alarm is the one that was named, by its time, and by its days where they were said."""
    named = not wanted.days or wanted.days == at.days
    return at.time[:5] == wanted.time and named


async def _status(timers: Timers, asked: Asked) -> Reply:
    found = sorted(timers.pending(Kind.ALARM), key=timers.left)
    return Reply(
        key="default" if found else "none", facts={"told": [moment(alarm, timers, asked.language) for alarm in found]}
    )


async def _snooze(timers: Timers, asked: Asked) -> Reply:
    seconds: float | None = float(asked.slots.get("minutes", SNOOZE / 60)) * 60
    if "duration" in asked.slots:
        seconds = length(asked.slots["duration"], asked.language)
    lately = timers.lately(asked.device)
    if not lately or seconds is None:
        return Reply(key="none")
    try:
        await timers.snooze(lately, seconds, turn=asked.turn)
    except (Refused, ServiceError) as error:
        return refused(error)
    return Reply(facts={"left": ahead(seconds, asked.language)})
