"""Reminders: somebody is told something after a while, or at a time of day."""

import re
from datetime import datetime
from functools import partial

from assistant.errors import ServiceError
from assistant.pipeline.wake_phrase import plain
from assistant.skill import Asked, Reply, Skill
from assistant.skills.calendar_days import dates, day_meant
from assistant.skills.labels import moment, one_of
from assistant.skills.numerals import number
from assistant.skills.setting import refused, set_for
from assistant.skills.when import When, when
from assistant.skills.words import SENTENCES
from assistant.timers import Kind, Refused, Timer, Timers
from assistant.timers.words import main_language
from assistant.undo import Undos

__all__ = ["parted", "reminders"]

_LONGEST = 200
"""Characters of what is said; the rest is cut."""
_WORDS = 12
"""Words of the longest time that is looked for."""
_LINKS = {
    "en": r"to|of|about|that(?: i (?:have|need) to)?",
    "de": r"daran|an(?: (?:die|den|das|meine|meinen|mein))?|dass(?: ich)?|,",
    "fr": r"de|d'|que(?: je)?|du|des|à propos de",
    "es": r"que(?: tengo que)?|de|del",
}
"""What stands between the asking and what one wants to be reminded of."""
_TO = r"\b(?:(ab|an|auf|aus|durch|ein|fest|heim|hin|hoch|los|mit|nach|um|vor|weg|weiter|zurück|zusammen)zu|zu )(\w+n)$"
"""The German infinitive with its `zu`, at the end."""


def reminders(timers: Timers, undos: Undos) -> Skill:
    """Return the skill."""
    return Skill(
        name="reminders",
        intents={
            "InglenookRemind": partial(_remind, timers, undos),
            "InglenookReminderStatus": partial(_status, timers),
            "InglenookCancelReminder": partial(_cancel, timers),
        },
        reads=frozenset({"InglenookReminderStatus"}),
        foreign=frozenset({"InglenookReminderStatus", "InglenookCancelReminder"}),  # they tell it in somebody's words
        takes=partial(_takes, timers),
        sentences=str(SENTENCES),
        examples={
            "en": ("Remind me to call mother in ten minutes", "What are my reminders?"),
            "de": ("Erinnere mich in zehn Minuten daran, Mutter anzurufen", "Welche Erinnerungen habe ich?"),
            "fr": ("Rappelle-moi d'appeler maman dans dix minutes", "Quels sont mes rappels ?"),
            "es": ("Recuérdame llamar a mamá en diez minutos", "¿Qué recordatorios tengo?"),
        },
    )


def parted(what: str, language: str, now: datetime) -> tuple[str, When | None]:
    """Return what somebody wants to be reminded of, and when, wherever in the sentence that was said.

    The longest part that means a time is the time, if possible one that there is; no number by itself is one.
    """
    never = None
    words = re.sub(r"(?<!\d)[,.;:]|[,.;:](?!\d)", " ", what).split()
    named = re.search(rf"\b{dates(language)}\b", " ".join(words).lower())
    if named is not None and day_meant(named[0], now.date(), language) is None:
        return _bare(" ".join(words), language), When()
    spans = [(i, j) for i in range(len(words)) for j in range(i + 1, min(len(words), i + _WORDS) + 1)]
    for first, end in sorted(spans, key=lambda span: span[0] - span[1]):
        if number(words[first], language) is not None:
            continue
        if (found := when(" ".join(words[first:end]), language, now, by_day=True)) == When():
            never = found
        elif found is not None:
            return _bare(" ".join(words[:first] + words[end:]), language), found
    return _bare(" ".join(words), language), never


def _bare(text: str, language: str) -> str:
    """Return *text* without what only links it: `Mutter anrufen` of `daran, Mutter anzurufen`."""
    main = main_language(language)
    bare = re.sub(rf"^(?:(?:{_LINKS[main]})(?: |(?<=')))+", "", text, flags=re.IGNORECASE).strip()
    return re.sub(_TO, r"\1\2", bare) if main == "de" else bare


def _parted(timers: Timers, asked: Asked) -> tuple[str, When | None]:
    return parted(asked.slots["what"], asked.language, datetime.fromtimestamp(timers.wall, timers.zone))


def _takes(timers: Timers, asked: Asked) -> bool:
    """Take what has a time, or is at least linked as a reminder is: "remind me who wrote that" is a question."""
    if "what" not in asked.slots:
        return True
    text, found = _parted(timers, asked)
    return bool(text) and (found is not None or text != asked.slots["what"].strip())


async def _remind(timers: Timers, undos: Undos, asked: Asked) -> Reply:
    text, wanted = _parted(timers, asked)
    if wanted is None or wanted == When():
        return Reply(key="when" if wanted is None else "never")
    try:
        reminder = Timer(kind=Kind.REMINDER, text=text[:_LONGEST], seconds=wanted.seconds or 0.0, at=wanted.at)
        reminder = await set_for(asked, reminder, timers, undos)
    except (Refused, ServiceError) as error:
        return refused(error)
    return Reply(facts={"said": moment(reminder, timers, asked.language), "about": reminder.text})


async def _status(timers: Timers, asked: Asked) -> Reply:
    told = [
        {"about": one.text, "said": moment(one, timers, asked.language)}
        for one in sorted(timers.pending(Kind.REMINDER), key=timers.left)
    ]
    return Reply(key="default" if told else "none", facts={"told": told})


async def _cancel(timers: Timers, asked: Asked) -> Reply:
    found = list(timers.pending(Kind.REMINDER))
    if about := plain(asked.slots.get("text", "")):
        found = [one for one in found if about in plain(one.text)]

    async def then(chosen: list[Timer]) -> Reply:
        gone = await timers.cancel(chosen, turn=asked.turn)
        key = {0: "none", 1: "default"}.get(len(gone), "several")
        return Reply(key=key, facts={"count": len(gone), "about": chosen[0].text})

    if len(found) > 1 and "every" not in asked.slots:
        return one_of(found, timers, asked.language, then)
    return await then(found) if found else Reply(key="none")
