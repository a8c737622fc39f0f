"""A house in memory: things that obey, fade, refuse, stay silent or are not there."""

import asyncio
from dataclasses import replace
from typing import Any

from assistant.entities import Act, Area, Entity, Floor
from assistant.errors import ServiceError

_ON = {"turn_on": "on", "turn_off": "off", "open_cover": "open", "close_cover": "closed", "lock": "locked"}
_ON |= {"unlock": "unlocked", "media_pause": "paused", "media_play": "playing"}

AREAS = (Area("office", "office", floor="up"), Area("kitchen", "kitchen"), Area("garage", "garage"))
DIMMED = {
    "supported_color_modes": ["hs", "color_temp"],
    "brightness": 255,
    "color_mode": "hs",
    "rgb_color": (255, 0, 0),
}
THINGS = (
    Entity("light.office_ceiling", "Ceiling lamp", area="office", state="on", attributes=DIMMED),
    Entity("light.desk_lamp", "Desk lamp", ("reading lamp",), area="office", state="on", attributes=DIMMED),
    Entity("light.kitchen_ceiling", "Ceiling lamp", area="kitchen", state="off", attributes=DIMMED),
    Entity("switch.kettle", "Kettle", area="kitchen", state="off"),
    Entity("cover.blind", "Blind", area="office", state="open", attributes={"current_position": 100}),
    Entity("cover.garage", "Garage door", area="garage", state="closed", attributes={"device_class": "garage"}),
    Entity("lock.front", "Front door", state="locked"),
    Entity("script.party", "Party", state="off"),
    Entity("media_player.radio", "Radio", area="kitchen", state="playing", attributes={"volume_level": 0.4}),
)


class House:
    """A bridge to a house in memory."""

    name = "the hub"

    def __init__(self, *things: Entity) -> None:
        self.things = {thing.id: thing for thing in things or THINGS}
        self.areas: tuple[Area, ...] = AREAS
        self.floors = (Floor("up", "upstairs"),)
        self.silent: set[str] = set()
        self.refuses: set[str] = set()
        self.away = False
        self.delay = 0.0
        self.moves: set[str] = set()
        self.calls: list[Act] = []

    @property
    def entities(self) -> tuple[Entity, ...]:
        return tuple(self.things.values())

    async def read(self, entity: str) -> Entity:
        if self.away:
            raise ServiceError("the hub is not there")
        return self.things[entity]

    async def call(self, act: Act) -> None:
        if self.away:
            raise ServiceError("the hub is not there")
        self.calls.append(act)
        refused = [id_ for id_ in act.entities if id_ in self.refuses]
        for id_ in act.entities:
            if id_ not in self.silent and id_ not in self.refuses:
                asyncio.get_running_loop().call_later(self.delay, self._obey, id_, act)
        await asyncio.sleep(0)
        if refused:
            raise ServiceError(f"{refused} refused")

    def _obey(self, id_: str, act: Act) -> None:
        thing, verb = self.things[id_], act.service.partition(".")[2]
        changed: dict[str, Any] = {}
        state = _ON.get(verb, thing.state)
        if "brightness_pct" in act.data:
            changed["brightness"] = round(act.data["brightness_pct"] * 2.55)
        if "position" in act.data:
            changed["current_position"] = act.data["position"]
            state = "open" if act.data["position"] else "closed"
        changed |= {key: act.data[key] for key in ("brightness", "rgb_color", "volume_level") if key in act.data}
        if verb in ("open_cover", "close_cover"):
            if id_ in self.moves:
                state = "opening" if verb == "open_cover" else "closing"
            else:
                changed["current_position"] = 100 if verb == "open_cover" else 0
        self.things[id_] = replace(thing, state=state, attributes={**thing.attributes, **changed})

    def gone(self, id_: str) -> None:
        """Let a thing vanish from the hub's list of what there is."""
        self.things[id_] = replace(self.things[id_], state="unavailable")
