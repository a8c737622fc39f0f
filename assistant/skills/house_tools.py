"""The house for chat models: look at a thing, do something to it, open a door; what they are told is what is true."""

from collections.abc import Mapping, Sequence

from assistant.chat import ToolSpec
from assistant.entities import Act, Entity
from assistant.errors import ServiceError
from assistant.home import Home
from assistant.home.plain import is_plainly_told
from assistant.home.relevance import relevant
from assistant.home.services import acts_of, can, is_sensitive
from assistant.home.targets import called
from assistant.home.words import listed, nothing, phrases_of, spoken_state, told
from assistant.skill import Asked, Reply, Skill

__all__ = ["house_tools"]

_INTENTS: Mapping[str, tuple[str, str]] = {
    "turn_on": ("HassTurnOn", ""),
    "turn_off": ("HassTurnOff", ""),
    "open": ("HassTurnOn", ""),
    "close": ("HassTurnOff", ""),
    "lock": ("HassTurnOn", ""),
    "set_brightness": ("HassLightSet", "brightness"),
    "set_color": ("HassLightSet", "color"),
    "set_temperature": ("HassClimateSetTemperature", "temperature"),
    "set_position": ("HassSetPosition", "position"),
    "play": ("HassMediaUnpause", ""),
    "pause": ("HassMediaPause", ""),
}
"""What each action is, and which slot its value fills."""
_FITS: Mapping[str, frozenset[str]] = {
    "open": frozenset({"cover", "valve"}),
    "close": frozenset({"cover", "valve"}),
    "lock": frozenset({"lock"}),
    "set_brightness": frozenset({"light"}),
    "set_color": frozenset({"light"}),
    "set_temperature": frozenset({"climate"}),
    "set_position": frozenset({"cover", "valve"}),
    "play": frozenset({"media_player"}),
    "pause": frozenset({"media_player"}),
}
"""The sorts of things that an action is for, where not for all."""
_OPENING = {"lock": "HassTurnOff", "cover": "HassTurnOn"}
_MOST = 8
"""Things that one look tells of."""

_THING = {"type": "string", "description": "id or name of one thing, such as light.desk_lamp", "maxLength": 100}


def _schema(required: Sequence[str], **properties: object) -> Mapping[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_TOOLS = {
    "InglenookHomeState": ToolSpec(
        "home_state", "Tells the state of a thing in the house: lamps, covers, sensors.", _schema(["name"], name=_THING)
    ),
    "InglenookHomeAct": ToolSpec(
        "home_act",
        "Does something to one thing in the house and tells what is true afterwards.",
        _schema(
            ["name", "action"],
            name=_THING,
            action={"type": "string", "enum": list(_INTENTS)},
            value={"type": "string", "description": "percent, degrees, or a colour in English", "maxLength": 20},
        ),
    ),
    "InglenookHomeOpen": ToolSpec(
        "home_open", "Unlocks a door or opens a garage, after the person agrees.", _schema(["name"], name=_THING)
    ),
}


def house_tools(home: Home) -> Skill:
    """Return the tools."""
    tools = _Tools(home)
    return Skill(
        name="house_tools",
        intents={
            "InglenookHomeState": tools.state,
            "InglenookHomeAct": tools.act,
            "InglenookHomeOpen": tools.open,
        },
        reads=frozenset({"InglenookHomeState"}),
        sensitive=frozenset({"InglenookHomeOpen"}),
        describe=tools.describe,
        tools=_TOOLS,
    )


class _Tools:
    def __init__(self, home: Home) -> None:
        self._home = home

    async def state(self, asked: Asked) -> Reply:
        """Tell the state of what is called so, or of what is likeliest meant."""
        name = asked.slots["name"]
        found = called(name, self._home) or relevant(name, self._home.entities, self._home.areas)[:_MOST]
        if not found:
            return self._nothing(asked)
        said, plain = [], True
        for entity in found:
            try:
                read = await self._home.read(entity.id)
                said.append(_described(read, asked.language))
            except ServiceError:
                read = entity
                said.append(phrases_of(asked.language).not_known.format(names=entity.name))
            plain = plain and is_plainly_told(read)
        return Reply("; ".join(said), foreign=not plain)

    async def act(self, asked: Asked) -> Reply:
        """Do it to the one thing that is called so."""
        words, action = phrases_of(asked.language), asked.slots["action"]
        intent, slot = _INTENTS[action]
        if not (found := called(asked.slots["name"], self._home)):
            return self._nothing(asked)
        fitting = [entity for entity in found if entity.domain in _FITS.get(action, {entity.domain})]
        cannot = Reply(words.cannot.format(names=listed([entity.name for entity in found], asked.language)))
        try:
            acts = acts_of(intent, {slot: asked.slots.get("value", "").strip(" %°")} if slot else {}, fitting[:1])
        except ValueError:
            return cannot
        if not acts or (slot and not acts[0].data) or not can(acts[0], fitting[0]) or is_sensitive(acts[0], fitting[0]):
            return cannot
        return await self._acted(acts, asked)

    async def open(self, asked: Asked) -> Reply:
        """Unlock or open the one thing that is called so."""
        if (entity := self._opened(asked)) is None:
            return self._nothing(asked)
        return await self._acted(acts_of(_OPENING[entity.domain], {}, [entity]), asked)

    def describe(self, asked: Asked) -> str:
        """Say what would be opened, as an infinitive; empty for what opens nothing."""
        if asked.intent != "InglenookHomeOpen" or (entity := self._opened(asked)) is None:
            return ""
        words = phrases_of(asked.language)
        return (words.to_unlock if entity.domain == "lock" else words.to_open).format(names=entity.name)

    async def _acted(self, acts: Sequence[Act], asked: Asked) -> Reply:
        """Do *acts*, and tell what is true of the things."""
        outcomes = await self._home.act(*acts, turn=asked.turn, device=asked.device)
        plain = is_plainly_told(*(outcome.entity for outcome in outcomes))
        return Reply(told(outcomes, asked.language), foreign=not plain)

    def _opened(self, asked: Asked) -> Entity | None:
        """Return what is opened where *asked* names it; None where nothing that opens is called so."""
        found = called(asked.slots.get("name", ""), self._home)
        return next((entity for entity in found if entity.domain in _OPENING), None)

    def _nothing(self, asked: Asked) -> Reply:
        if not self._home.entities:
            return Reply(nothing(self._home, asked.language))
        return Reply(phrases_of(asked.language).nothing_called.format(name=asked.slots["name"]))


def _described(entity: Entity, language: str) -> str:
    unit = entity.attributes.get("unit_of_measurement", "")
    return f"{entity.name}: {spoken_state(entity, language, (entity.name,))} {unit}".strip()
