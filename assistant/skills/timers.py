"""Timers: set, paused, changed, cancelled, asked about; several at once, with names. Intents of Home Assistant."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from assistant.chat import ToolSpec
from assistant.errors import ServiceError
from assistant.pipeline.wake_phrase import plain
from assistant.skill import Asked, Handler, Reply, Skill
from assistant.skills.labels import label, one_of
from assistant.skills.setting import refused, set_for
from assistant.skills.when import length
from assistant.skills.words import SENTENCES
from assistant.timers import Kind, Refused, State, Timer, Timers
from assistant.timers.words import lasting, main_language
from assistant.undo import Undos

__all__ = ["timers"]

_TOOLS = {
    "HassStartTimer": ToolSpec(
        "start_timer",
        "Set a kitchen timer that rings.",
        {
            "type": "object",
            "properties": {
                "hours": {"type": "integer", "minimum": 0},
                "minutes": {"type": "integer", "minimum": 0},
                "seconds": {"type": "integer", "minimum": 0},
                "name": {"type": "string", "maxLength": 60},
            },
        },
    ),
    "HassTimerStatus": ToolSpec(
        "timer_status", "Tell how long is left on the timers.", {"type": "object", "properties": {}}
    ),
}


_NAMING = frozenset(
    {
        *("HassTimerStatus", "HassCancelTimer", "HassCancelAllTimers", "HassPauseTimer", "HassUnpauseTimer"),
        *("HassIncreaseTimer", "HassDecreaseTimer"),
    }
)
"""The intents whose replies tell what timers are called: anybody may have called them so."""


def timers(timers: Timers, areas: Mapping[str, str], undos: Undos) -> Skill:
    """Return the skill; *areas* are the rooms by the devices in them."""
    return Skill(
        name="timers",
        intents={
            "HassStartTimer": partial(_start, timers, undos),
            "HassCancelTimer": _with(_cancel, timers, areas),
            "HassCancelAllTimers": partial(_cancel_all, timers, areas),
            "HassIncreaseTimer": _with(partial(_adjust, 1), timers, areas),
            "HassDecreaseTimer": _with(partial(_adjust, -1), timers, areas),
            "HassPauseTimer": _with(_pause, timers, areas),
            "HassUnpauseTimer": _with(_resume, timers, areas),
            "HassTimerStatus": partial(_status, timers, areas),
        },
        reads=frozenset({"HassTimerStatus"}),
        foreign=_NAMING,
        takes=lambda asked: (
            "duration" not in asked.slots or length(asked.slots["duration"], asked.language) is not None
        ),
        expects=_expected,
        tools=_TOOLS,
        sentences=str(SENTENCES),
        examples={
            "en": ("Set a pizza timer for five minutes", "How long is left on the pizza timer?"),
            "de": ("Stelle einen Timer auf fünf Minuten", "Wie lange läuft der Timer noch?"),
            "fr": ("Mets un minuteur de cinq minutes", "Combien de temps reste-t-il ?"),
            "es": ("Pon un temporizador de cinco minutos", "¿Cuánto tiempo queda?"),
        },
    )


def _seconds(asked: Asked, begin: str = "") -> float | None:
    """Return the length of time in the slots whose names *begin* so; None where there is none."""
    if not begin and "duration" in asked.slots:
        return length(asked.slots["duration"], asked.language)
    units = {"hours": 3600, "minutes": 60, "seconds": 1}
    given = [float(asked.slots[begin + unit]) * size for unit, size in units.items() if begin + unit in asked.slots]
    return sum(given) if given else None


def _name(asked: Asked) -> str:
    """Return what the timer is called, without an article before it or what joins it to the word "timer"."""
    article = _ARTICLES[main_language(asked.language)]
    return re.sub(rf"^(?:{article})\s+", "", asked.slots.get("name", "").strip(" -,."), flags=re.IGNORECASE)


_ARTICLES = {
    "en": "the|my|a|an",
    "de": "die|der|das|den|meine[nm]?|ein|eine[nm]?",
    "fr": "le|la|les|mon|ma|mes|un|une",
    "es": "el|la|los|las|mi|mis|un|una",
}


async def _start(timers: Timers, undos: Undos, asked: Asked) -> Reply:
    if "conversation_command" in asked.slots:
        return Reply(key="later")
    seconds = _seconds(asked)
    if seconds is None:
        return Reply(key="length")
    try:
        timer = await set_for(asked, Timer(name=_name(asked), seconds=seconds), timers, undos)
    except (Refused, ServiceError) as error:
        return refused(error)
    return _started(asked, seconds, timer.name)


def _started(asked: Asked, seconds: float, name: str) -> Reply:
    return Reply(key="started", facts={"length": lasting(seconds, asked.language), "called": name})


def _expected(asked: Asked) -> Reply | None:
    """Return what is said where a timer is started: most that are asked for can be."""
    seconds = _seconds(asked)
    if asked.intent != "HassStartTimer" or seconds is None or "conversation_command" in asked.slots:
        return None
    return _started(asked, seconds, _name(asked))


# -- which one --------------------------------------------------------------------------------------------------------

Act = Callable[[Timers, Asked, Timer], Awaitable[Reply]]
"""Does something to the one timer that is meant."""
_UNDONE = frozenset({"none", "length"})
"""What is said of a timer to which nothing could be done."""


def _with(act: Act, timers: Timers, areas: Mapping[str, str]) -> Handler:
    """Return what finds the timer that is meant, or asks which, and acts on it; or on all of them."""

    async def handle(asked: Asked) -> Reply:
        async def then(chosen: list[Timer]) -> Reply:
            replies = [await act(timers, asked, timers.get(timer.id) or timer) for timer in chosen]
            done = [reply for reply in replies if reply.key not in _UNDONE]
            return Reply(key="several", facts={"count": len(done)}) if len(done) > 1 else (done or replies)[-1]

        found = _meant(timers, areas, asked)
        if not found:
            return Reply(key="none")
        if "every" in asked.slots:
            return await then(found)
        here = [timer for timer in found if timer.device == asked.device]
        if len(here) == 1 and "name" not in asked.slots:
            found = here
        return await then(found) if len(found) == 1 else one_of(found, timers, asked.language, then)

    return handle


def _meant(timers: Timers, areas: Mapping[str, str], asked: Asked) -> list[Timer]:
    """Return the timers that may be meant: by their names, lengths or rooms; where nothing is said, all."""
    found = list(timers.pending(Kind.TIMER))
    if name := plain(_name(asked)):
        found = [timer for timer in found if plain(timer.name) == name] or [t for t in found if name in plain(t.name)]
    if (seconds := _seconds(asked, "start_")) is not None:
        found = [timer for timer in found if abs(timer.seconds - seconds) < 0.5]
    if (area := asked.slots.get("area", "")) and "here" not in asked.slots:
        found = [timer for timer in found if plain(areas.get(timer.device, "")) == plain(area)]
    if asked.intent in _STATES:
        found = [timer for timer in found if timer.state is _STATES[asked.intent]] or found
    return found


_STATES = {"HassPauseTimer": State.RUNNING, "HassUnpauseTimer": State.PAUSED}
"""The state of those that are meant, where there are any."""


async def _cancel(timers: Timers, asked: Asked, timer: Timer) -> Reply:
    gone = await timers.cancel([timer], turn=asked.turn)
    return Reply(key="cancelled" if gone else "none", facts={"called": label(timer, timers, asked.language)})


async def _cancel_all(timers: Timers, areas: Mapping[str, str], asked: Asked) -> Reply:
    found = _meant(timers, areas, asked)
    gone = await timers.cancel(found, turn=asked.turn)
    return Reply(key="default", facts={"canceled": len(gone)})


async def _pause(timers: Timers, asked: Asked, timer: Timer) -> Reply:
    return _left(timers, asked, await timers.pause(timer, turn=asked.turn), "paused")


async def _resume(timers: Timers, asked: Asked, timer: Timer) -> Reply:
    if timer.state is State.RUNNING:
        return _left(timers, asked, timer, "resumed")
    return _left(timers, asked, await timers.resume(timer, turn=asked.turn), "resumed")


async def _adjust(sign: int, timers: Timers, asked: Asked, timer: Timer) -> Reply:
    seconds = _seconds(asked)
    try:
        changed = None if seconds is None else await timers.adjust(timer, sign * seconds, turn=asked.turn)
    except Refused as error:
        return refused(error)
    return _left(timers, asked, changed, "changed")


def _left(timers: Timers, asked: Asked, timer: Timer | None, key: str) -> Reply:
    """Say how it is now."""
    if timer is None:
        return Reply(key="none")
    left = lasting(timers.left(timer), asked.language)
    called = label(timer, timers, asked.language)
    return Reply(key=key, facts={"called": called, "named": timer.name, "left": left})


async def _status(timers: Timers, areas: Mapping[str, str], asked: Asked) -> Reply:
    told = [
        {
            "called": label(timer, timers, asked.language),
            "left": lasting(timers.left(timer), asked.language),
            "state": str(timer.state),
        }
        for timer in sorted(_meant(timers, areas, asked), key=timers.left)
    ]
    return Reply(key="status" if told else "none", facts={"told": told})
