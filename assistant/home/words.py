"""What is said of the things of a house, in the language of whoever asked: what became of them, and what nobody knows.

Whole success is said by the intent's own response template; what stands here is everything else.
"""

from collections.abc import Sequence
from typing import Protocol

from assistant.entities import Entity
from assistant.home.agreement import agreed, is_several
from assistant.home.outcome import Outcome, Result
from assistant.home.phrases import PHRASES, Phrases

__all__ = ["MOVING", "listed", "nothing", "phrases_of", "spoken_state", "state_of", "taken_back", "told"]

_ORDER: tuple[Result, ...]
_ORDER = ("done", "begun", "already", "unseen", "silent", "refused", "unavailable", "unreachable")
"""In which order the outcomes are told."""
_OPENINGS = frozenset({"door", "garage_door", "window", "opening"})
"""Classes of binary sensors that are open or closed, not on or off."""
MOVING = frozenset({"opening", "closing", "locking", "unlocking", "returning", "buffering"})
"""States that say more than where something on its way is by now."""
_NAMED = 4
"""Things that are named one by one; of more, the rest is counted."""


class House(Protocol):
    """As much of a house as is needed to say that there is none."""

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Return the things in it."""
        ...

    @property
    def bridges(self) -> tuple[str, ...]:
        """Return what its hubs are called."""
        ...


def phrases_of(language: str) -> Phrases:
    """Return the phrases of a BCP-47 tag; English for a language that has none yet."""
    return PHRASES.get(language.partition("-")[0].lower(), PHRASES["en"])


def listed(names: Sequence[str], language: str, joiner: str = "") -> str:
    """Return names as they are said one after the other: "the desk lamp, the fan and 3 more"."""
    words = phrases_of(language)
    names = list(dict.fromkeys(names))
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], words.more.format(number=len(names) - _NAMED + 1)]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {joiner or words.and_} {names[-1]}"


def state_of(entity: Entity) -> str:
    """Return the state of a thing as Home Assistant writes it; a contact at a door or a window is open or closed."""
    if entity.domain == "binary_sensor" and entity.attributes.get("device_class") in _OPENINGS:
        return {"on": "open", "off": "closed"}.get(entity.state, entity.state)
    return entity.state


def spoken_state(entity: Entity, language: str, beside: Sequence[str] = ()) -> str:
    """Return the state of a thing in words, without its unit: "off", "21.5", "open"; *beside* a name, it agrees."""
    state = state_of(entity)
    return agreed(phrases_of(language).states.get(state, state), beside, language)


def nothing(house: House, language: str) -> str:
    """Return why nothing was found: there is no house, its hub does not answer, or there is nothing of that kind."""
    words = phrases_of(language)
    if house.entities:
        return words.nothing_there
    if house.bridges:
        return words.no_answer.format(names=listed(house.bridges, language))
    return words.no_house


def told(outcomes: Sequence[Outcome], language: str) -> str:
    """Return what is true after an act, thing by thing."""
    words = phrases_of(language)
    clauses: dict[tuple[Result, str], list[str]] = {}
    for outcome in sorted(outcomes, key=lambda outcome: _ORDER.index(outcome.result)):
        state = _became(outcome, language) if outcome.well else ""
        clauses.setdefault((outcome.result, state), []).append(outcome.entity.name)
    said = []
    for (result, state), names in clauses.items():
        clause = words.results[result][is_several(names, language)]
        said.append(clause.format(names=listed(names, language), state=agreed(state, names, language)))
    return _sentence("; ".join(said))


def taken_back(outcomes: Sequence[Outcome], stay: Sequence[Entity], language: str) -> str:
    """Return what is true after something was taken back; *stay* are the things with which that cannot be done."""
    words = phrases_of(language)
    said = [told(outcomes, language)] if outcomes else []
    if stay:
        names = listed([entity.name for entity in stay], language)
        said.append(words.stays.format(names=names))
    return " ".join(said)


def _became(outcome: Outcome, language: str) -> str:
    """Return what a thing is now, as it was asked for: by its number where that was the point, else by its state."""
    words, data, now = phrases_of(language), outcome.act.data, outcome.entity
    if outcome.result == "begun" and now.state in MOVING:
        return words.states.get(now.state, now.state)
    for key, attribute, factor in _SHOWN:
        value = now.attributes.get(attribute)
        if key in data and isinstance(value, int | float):
            return words.percent.format(number=round(value * factor))
    if "temperature" in data and "temperature" in now.attributes:
        number = f"{now.attributes['temperature']:g}".replace(".", words.decimal)
        return words.degrees.format(number=number)
    return words.states.get(now.state, words.so)


_SHOWN = (
    ("brightness_pct", "brightness", 100 / 255),
    ("percentage", "percentage", 1.0),
    ("position", "current_position", 1.0),
    ("volume_level", "volume_level", 100.0),
)
"""Data of services, the attributes that show what came of them, and what makes these percent."""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
