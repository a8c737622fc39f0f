"""Questions about the house: they are read from the things themselves, and change nothing."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from assistant.entities import Entity
from assistant.errors import ServiceError
from assistant.home import Home
from assistant.home.plain import is_plainly_told
from assistant.home.targets import Targets, nearest, targets
from assistant.home.words import listed, nothing, phrases_of, spoken_state, state_of
from assistant.skill import Asked, Reply, Skill
from assistant.skills.home import as_fact

__all__ = ["house"]

_EXAMPLES = {
    "de": ("Ist das Licht im Büro an?", "Wie warm ist es im Wohnzimmer?"),
    "en": ("Is the desk lamp on?", "Which windows are open?", "What is the temperature in the living room?"),
    "es": ("¿Está encendida la lámpara?", "¿Qué temperatura hace en el salón?"),
    "fr": ("Est-ce que la lampe est allumée ?", "Quelle est la température du salon ?"),
}
_READ = 3.0
"""Seconds that reading everything that was asked about may take."""
_NOT_THINGS = {
    "de": "es er sie du ihr wir ich das dies jemand",
    "en": "you it he she they we i that this there anybody anyone",
    "es": "tú él ella usted esto eso alguien",
    "fr": "tu il elle on ça cela vous nous quelqu'un",
}
"""Words in the place of a thing's name that are none."""
_WORDS = 4
"""Words of the name of a thing, at most."""
_LIGHTS = frozenset({"light", "lights", "licht", "lichter", "lumière", "lumières", "luz", "luces"})
"""What is asked about where no lamp is named."""
_SEVERAL = 6
"""Lamps of which it is said one by one, at most."""
_ABSENT = frozenset({"unavailable", "unknown"})


def house(home: Home, areas: Mapping[str, str]) -> Skill:
    """Return the skill that answers questions; *areas* are the rooms by the devices in them."""
    skill = _Questions(home, areas)
    intents = {
        "HassGetState": skill.state,
        "HassClimateGetTemperature": skill.temperature,
        "HassGetWeather": skill.weather,
        "InglenookAskUnknown": skill.unknown,
    }
    return Skill(name="house", intents=intents, reads=frozenset(intents), takes=_names_a_thing, examples=_EXAMPLES)


class _Questions:
    def __init__(self, home: Home, areas: Mapping[str, str]) -> None:
        self._home = home
        self._areas = areas

    async def state(self, asked: Asked) -> Reply:
        """Say what state a thing is in, or which things are in a state."""
        asked = _with_contacts(asked)
        meant = self._targets(asked, "light", "switch", "cover", "lock", "fan")
        if meant.choices:
            return await self._each(asked, meant)
        if not meant.entities:
            return self._nothing(asked, meant)
        things = await self._read(meant.entities)
        if len(things) < len(meant.entities):
            return _partly(asked, meant.entities, things)
        wanted = asked.slots.get("state", "")
        matched = [thing for thing in things if wanted in (thing.state, state_of(thing))]
        facts = {
            "entity": as_fact(things[0], spoken_state(things[0], asked.language)),
            "matched": [as_fact(thing, thing.state) for thing in matched],
            "unmatched": [as_fact(thing, thing.state) for thing in things if thing not in matched],
        }
        return Reply(facts=facts, foreign=not is_plainly_told(*things))

    async def temperature(self, asked: Asked) -> Reply:
        """Say how warm it is: by the thermostat of the room, or by a thermometer."""
        for fits in (_is_thermostat, _is_thermometer):
            meant = self._targets(asked, "climate", "sensor")
            fitting = tuple(entity for entity in meant.entities if fits(entity))
            for thing in await self._read(fitting):
                fact = as_fact(thing, spoken_state(thing, asked.language))
                return Reply(facts={"entity": fact}, foreign=not is_plainly_told(thing))
            if fitting:
                return _not_known(asked, fitting)
        return self._nothing(asked, meant)

    async def weather(self, asked: Asked) -> Reply:
        """Say what the weather is, as the house knows it."""
        meant = self._targets(asked, "weather")
        things = await self._read(meant.entities[:1])
        if not things:
            return _not_known(asked, meant.entities) if meant.entities else self._nothing(asked, meant)
        return Reply(facts={"entity": as_fact(things[0], things[0].state)}, foreign=not is_plainly_told(things[0]))

    async def unknown(self, asked: Asked) -> Reply:
        """Say how things are that the templates do not find, or that there is none: a model would make it up."""
        name = asked.slots.get("name", "")
        if not self._home.entities:
            return Reply(nothing(self._home, asked.language))
        if "entity_ids" in asked.slots:
            meant: Sequence[Entity] = self._targets(asked).entities
        else:
            lights = [entity for entity in self._home.entities if entity.domain == "light"]
            near = [entity for entity in lights if entity.area == self._areas.get(asked.device, "")]
            meant = (near or lights)[:_SEVERAL] if name.lower() in _LIGHTS else ()
        if not meant and (like := nearest(name, self._home, {entity.domain for entity in self._home.entities})):
            meant = (like,)  # a slip of whoever heard it; the answer names the thing
        if not meant:
            return Reply(phrases_of(asked.language).nothing_called.format(name=name))
        things = await self._read(meant)
        told = [f"{thing.name}: {_measured(thing, asked.language)}" for thing in things]
        return _told(told, things) if told else _not_known(asked, meant)

    def _targets(self, asked: Asked, *domains: str) -> Targets:
        return targets(self._home, asked, domains, self._areas.get(asked.device, ""))

    async def _each(self, asked: Asked, meant: Targets) -> Reply:
        """Say it of each of several things that have one name."""
        things = {thing.id: thing for thing in await self._read([entity for _, entity in meant.choices])}
        said = [
            f"{label}: {_measured(things[entity.id], asked.language)}"
            for label, entity in meant.choices
            if entity.id in things
        ]
        return _told(said, things.values()) if said else _not_known(asked, [entity for _, entity in meant.choices])

    async def _read(self, entities: Sequence[Entity]) -> list[Entity]:
        """Return what can be read of the things now; those that nobody reaches are left out."""

        async def read(entity: Entity) -> Entity | None:
            try:
                async with asyncio.timeout(_READ):
                    return await self._home.read(entity.id)
            except (ServiceError, TimeoutError):
                return None

        found = await asyncio.gather(*(read(entity) for entity in entities))
        return [thing for thing in found if thing is not None and thing.state not in _ABSENT]

    def _nothing(self, asked: Asked, meant: Targets) -> Reply:
        return Reply(phrases_of(asked.language).no_room if meant.nowhere else nothing(self._home, asked.language))


def _names_a_thing(asked: Asked) -> bool:
    """Leave "are you on" and "is it true that the shop is open" to others."""
    if asked.intent != "InglenookAskUnknown":
        return True
    words = asked.slots.get("name", "").lower().split()
    others = _NOT_THINGS.get(asked.language.partition("-")[0], "").split()
    return len(words) <= _WORDS and not set(words[:1]) & set(others)


def _with_contacts(asked: Asked) -> Asked:
    """Let what is open or closed be covers, as the sentences have it, and the contacts at doors and windows."""
    if asked.slots.get("domain") != "cover" or "device_class" not in asked.slots:
        return asked
    classes = asked.slots["device_class"].replace("garage", "garage,garage_door")
    return replace(asked, slots={**asked.slots, "domain": "cover,binary_sensor", "device_class": classes})


def _partly(asked: Asked, meant: Sequence[Entity], things: Sequence[Entity]) -> Reply:
    """Say what is known, and of what nothing is: "no" would be said of that, too."""
    missing = _not_known(asked, [entity for entity in meant if entity.id not in {thing.id for thing in things}])
    by_state: dict[str, list[str]] = {}
    for thing in things:
        by_state.setdefault(_measured(thing, asked.language), []).append(thing.name)
    said = [f"{listed(names, asked.language)}: {state}" for state, names in by_state.items()]
    known = _told(said, things) if said else Reply()
    return replace(known, text=f"{known.text} {missing.text}".strip())


def _told(said: Iterable[str], things: Iterable[Entity]) -> Reply:
    return Reply(f"{'; '.join(said)}.", foreign=not is_plainly_told(*things))


def _measured(thing: Entity, language: str) -> str:
    unit = thing.attributes.get("unit_of_measurement")
    state = spoken_state(thing, language, (thing.name,))
    if re.fullmatch(r"-?\d+\.\d+", state):
        state = state.replace(".", phrases_of(language).decimal)
    return f"{state} {unit}" if unit else state


def _not_known(asked: Asked, entities: Sequence[Entity]) -> Reply:
    names = listed([entity.name for entity in entities], asked.language)
    return Reply(phrases_of(asked.language).not_known.format(names=names))


def _is_thermostat(entity: Entity) -> bool:
    return entity.domain == "climate" and entity.attributes.get("current_temperature") is not None


def _is_thermometer(entity: Entity) -> bool:
    return entity.domain == "sensor" and entity.attributes.get("device_class") == "temperature"
