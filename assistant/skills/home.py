"""The house: lamps, covers, heating, players; what is asked for is done and read back, and what is said is true."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from assistant.entities import Entity
from assistant.home import Home
from assistant.home.outcome import Outcome
from assistant.home.plain import is_plainly_told
from assistant.home.services import DOMAINS, SWITCHED, acts_of, can, is_sensitive
from assistant.home.targets import Targets, called, nearest, targets
from assistant.home.words import MOVING, listed, nothing, phrases_of, told
from assistant.skill import Ask, Asked, Reply, Skill
from assistant.skills.words import SENTENCES

__all__ = ["HomeSkill", "as_fact", "doors", "home"]

_EXAMPLES = {
    "de": ("Schalte das Licht im Büro aus", "Stelle die Stehlampe auf 40 Prozent", "Öffne die Rollos"),
    "en": ("Turn off the lights in the office", "Set the desk lamp to 40 percent", "Open the blinds"),
    "es": ("Apaga las luces de la oficina", "Pon la lámpara al 40 por ciento", "Abre las persianas"),
    "fr": ("Éteins les lumières du bureau", "Règle la lampe à 40 pour cent", "Ouvre les volets"),
}
_SWITCHING = {"on": "HassTurnOn", "off": "HassTurnOff"}


def home(house: Home, areas: Mapping[str, str]) -> Skill:
    """Return the skill that does what is harmless; *areas* are the rooms by the devices in them."""
    skill = HomeSkill(house, areas)
    return Skill(
        name="home",
        intents={**dict.fromkeys(DOMAINS, skill.act), "InglenookSwitchUnknown": skill.unknown},
        takes=lambda asked: not skill.sensitive(asked),
        expects=skill.expected,
        sentences=str(SENTENCES),
        examples=_EXAMPLES,
    )


def doors(house: Home, areas: Mapping[str, str]) -> Skill:
    """Return the skill that opens what lets people in: only for somebody who is known, who confirms it."""
    skill = HomeSkill(house, areas)
    return Skill(
        name="doors",
        intents=dict.fromkeys(DOMAINS, skill.act),
        sensitive=frozenset(DOMAINS),
        takes=skill.sensitive,
        describe=skill.describe,
    )


class HomeSkill:
    """Finds the things that are meant, acts, and says what came of it."""

    def __init__(self, house: Home, areas: Mapping[str, str]) -> None:
        self._home = house
        self._areas = areas

    def sensitive(self, asked: Asked) -> bool:
        """Tell whether something that is meant, or may be, lets somebody into the house."""
        if asked.intent not in DOMAINS:
            return False
        meant = self._targets(asked)
        return any(_lets_in(asked, entity) for entity in (*meant.entities, *(entity for _, entity in meant.choices)))

    def describe(self, asked: Asked) -> str:
        """Say what would be opened, as an infinitive."""
        meant = self._targets(asked)
        entities = [*meant.entities, *(entity for _, entity in meant.choices)]
        names = listed([entity.name for entity in entities if _lets_in(asked, entity)], asked.language)
        words = phrases_of(asked.language)
        unlocks = all(entity.domain == "lock" for entity in entities)
        return (words.to_unlock if unlocks else words.to_open).format(names=names)

    def expected(self, asked: Asked) -> Reply | None:
        """Say what will be said if all of it obeys; None where that is said thing by thing, or something is asked."""
        if asked.intent not in DOMAINS or not (entities := self._targets(asked).entities):
            return None
        return None if _by_name(asked, entities) else _by_template(entities[0])

    async def act(self, asked: Asked) -> Reply:
        """Do what was asked, and say what is true now."""
        meant = self._targets(asked)
        if meant.choices:
            return self._which(asked, meant.choices)
        if meant.nowhere:
            return self._where(asked)
        if not meant.entities:
            return Reply(nothing(self._home, asked.language))
        return await self._act_on(asked, meant.entities)

    async def unknown(self, asked: Asked) -> Reply:
        """Switch things whose names the sentence templates did not find: several at once, or one that is near."""
        words, name = phrases_of(asked.language), asked.slots.get("name", "")
        switch = replace(asked, intent=_SWITCHING[asked.slots["state"]], key="")
        if not self._home.entities:
            return Reply(nothing(self._home, asked.language))
        several = _each(name, words.and_)
        found = [called(part, self._home) for part in several]
        if all(found):
            safe = [entity for things in found for entity in things[:1] if not _lets_in(switch, entity)]
            if len(safe) == len(found):
                return await self._act_on(switch, safe)
        near = nearest(name, self._home, SWITCHED)
        if near is None:
            return Reply(words.nothing_called.format(name=name))
        text = words.perhaps.format(name=name, nearest=near.name)
        return Reply(text, asks=Ask(lambda yes: self._act_on(switch, (near,))))

    def _targets(self, asked: Asked) -> Targets:
        at = self._areas.get(asked.device, "")
        found = targets(self._home, asked, DOMAINS[asked.intent], at)
        if asked.intent in _PLAYING and "entity_ids" not in asked.slots and "area" not in asked.slots:
            playing = [entity for entity in self._home.entities if _PLAYING[asked.intent](entity)]
            near = tuple(entity for entity in playing if entity in found.entities)
            return Targets(near or tuple(playing))
        return found

    async def _act_on(self, asked: Asked, entities: Sequence[Entity]) -> Reply:
        words = phrases_of(asked.language)
        acts = acts_of(asked.intent, asked.slots, entities)
        by_id = {entity.id: entity for entity in entities}
        able = [replace(act, entities=tuple(id_ for id_ in act.entities if can(act, by_id[id_]))) for act in acts]
        if not any(act.entities for act in able):
            return Reply(words.cannot.format(names=listed([entity.name for entity in entities], asked.language)))
        outcomes = await self._home.act(*able, turn=asked.turn, device=asked.device)
        plain = is_plainly_told(*(outcome.entity for outcome in outcomes))
        return replace(_reply(asked, outcomes), foreign=not plain)

    def _where(self, asked: Asked) -> Reply:
        """Ask which room is meant, where several have such things and it is not known where this is."""
        words = phrases_of(asked.language)
        slots = {key: value for key, value in asked.slots.items() if key != "here"}
        rooms = {
            area.name: replace(asked, slots={**slots, "area": area.name, "area_ids": area.id})
            for area in self._home.areas
        }
        rooms = {
            name: there
            for name, there in rooms.items()
            if self._targets(there).entities and not self.sensitive(there)  # nobody has agreed to that
        }
        if not rooms:
            return Reply(words.no_room if self._home.entities else nothing(self._home, asked.language))
        text = words.where.format(choices=listed(tuple(rooms), asked.language, words.or_))
        return Reply(text, asks=Ask(lambda choice: self.act(rooms[choice]), tuple(rooms)))

    def _which(self, asked: Asked, choices: Iterable[tuple[str, Entity]]) -> Reply:
        """Ask which of several things of one name is meant."""
        words, things = phrases_of(asked.language), dict(choices)

        async def chosen(choice: str) -> Reply:
            return await self._act_on(asked, (things[choice],))

        async def every() -> Reply:
            return await self._act_on(asked, tuple(things.values()))

        name = asked.spoken.get("name") or next(iter(things.values())).name
        text = words.which.format(name=name, choices=listed(tuple(things), asked.language, words.or_))
        return Reply(text, asks=Ask(chosen, tuple(things), every))


_PLAYING: Mapping[str, Callable[[Entity], bool]] = {
    intent: partial(lambda states, entity: entity.domain == "media_player" and entity.state in states, states)
    for intent, states in (
        ("HassMediaPause", ("playing", "buffering")),
        ("HassMediaUnpause", ("paused",)),
        ("HassMediaNext", ("playing", "paused")),
        ("HassMediaPrevious", ("playing", "paused")),
    )
}
"""Which players are meant where none is named: those to which it makes sense, in the room before the house."""


def _lets_in(asked: Asked, entity: Entity) -> bool:
    return any(is_sensitive(act, entity) for act in acts_of(asked.intent, asked.slots, (entity,)))


def _each(name: str, and_: str) -> list[str]:
    """Return the names in "the desk lamp and the fan", without their articles."""
    parts = name.replace(",", f" {and_} ").split(f" {and_} ")
    return [_bare(part) for part in parts if part.strip()]


_ARTICLES = frozenset(
    {
        *("the", "my", "das", "die", "der", "den", "dem", "mein", "meine", "meinen"),
        *("le", "la", "les", "mon", "ma", "mes", "el", "los", "las", "mi"),
    }
)


def _bare(name: str) -> str:
    first, _, rest = name.strip().partition(" ")
    return rest if rest and first.casefold() in _ARTICLES else name.strip()


def _reply(asked: Asked, outcomes: Sequence[Outcome]) -> Reply:
    """Say whole success by the intent's own template; everything else, and what locks do, thing by thing."""
    well = all(
        outcome.result == "done" or (outcome.result == "begun" and outcome.entity.state in MOVING)
        for outcome in outcomes
    )  # what came nearer and stopped there is told by its number
    if not well or _by_name(asked, [outcome.entity for outcome in outcomes]):
        return Reply(told(outcomes, asked.language))
    return _by_template(outcomes[0].entity)


def _by_name(asked: Asked, entities: Sequence[Entity]) -> bool:
    """Tell whether even whole success is said thing by thing."""
    return not asked.key or any(entity.domain == "lock" for entity in entities)


def _by_template(entity: Entity) -> Reply:
    return Reply(facts={"entity": as_fact(entity, entity.state)})


def as_fact(entity: Entity, state: str) -> dict[str, object]:
    """Return a thing as response templates take it, its state in the words that are said."""
    return {"id": entity.id, "name": entity.name, "state": state, "attributes": dict(entity.attributes)}
