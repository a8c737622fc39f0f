"""What Home Assistant's registries say of its entities, and what it exposes to voice assistants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant import Area, Entity, Floor, ServiceError
from assistant_homeassistant.connection import Connection

__all__ = ["Registry", "read_registry"]

_DOMAINS = frozenset(
    {
        *("climate", "cover", "fan", "humidifier", "light", "media_player", "scene", "switch", "todo", "vacuum"),
        "water_heater",
    }
)
_CLASSES = {
    "binary_sensor": frozenset({"door", "garage_door", "lock", "motion", "opening", "presence", "window"}),
    "sensor": frozenset(
        {
            *("aqi", "carbon_monoxide", "carbon_dioxide", "humidity", "pm10", "pm25", "temperature"),
            "volatile_organic_compounds",
        }
    ),
}
"""What Home Assistant exposes by default (homeassistant/components/homeassistant/exposed_entities.py, 2025.4)."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Areas, floors, and what is known of entities beside their states."""

    areas: tuple[Area, ...] = ()
    """The rooms."""
    floors: tuple[Floor, ...] = ()
    """The storeys."""
    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Home Assistant's entries of entities, by their ids; those that it made without one are missing."""
    rooms: Mapping[str, str] = field(default_factory=dict)
    """Areas of devices, by the devices' ids."""
    exposed: frozenset[str] | None = None
    """Ids of what is exposed to Assist; None where that is not told."""

    def entity(self, id_: str, state: str, attributes: Mapping[str, Any]) -> Entity:
        """Return an entity as the house knows it."""
        entry = self.entries.get(id_, {})
        name = attributes.get("friendly_name") or entry.get("name") or entry.get("original_name") or id_
        area = entry.get("area_id") or self.rooms.get(entry.get("device_id") or "", "")
        return Entity(id_, str(name), _texts(entry.get("aliases")), area, state, attributes)

    def shows(self, id_: str, attributes: Mapping[str, Any]) -> bool:
        """Tell whether an entity is exposed: as its owner said, or else as Home Assistant does by default."""
        entry = self.entries.get(id_, {})
        if self.exposed is not None:
            return id_ in self.exposed
        chosen = ((entry.get("options") or {}).get("conversation") or {}).get("should_expose")
        if chosen is not None:
            return bool(chosen)
        if entry.get("entity_category") is not None or entry.get("hidden_by") is not None:
            return False
        domain = id_.partition(".")[0]
        return domain in _DOMAINS or attributes.get("device_class") in _CLASSES.get(domain, ())


async def read_registry(connection: Connection, wants_exposed: bool) -> Registry:
    """Ask Home Assistant for all of it; raises ServiceError. What is exposed it tells administrators only."""
    listed = await connection.command("config/entity_registry/list")
    ids = [entry["entity_id"] for entry in listed if entry.get("disabled_by") is None]
    entries = await connection.command("config/entity_registry/get_entries", entity_ids=ids) if ids else {}
    devices = await connection.command("config/device_registry/list")
    areas = await connection.command("config/area_registry/list")
    floors = await connection.command("config/floor_registry/list")
    return Registry(
        areas=tuple(
            Area(area["area_id"], area["name"], _texts(area.get("aliases")), area.get("floor_id") or "")
            for area in areas
        ),
        floors=tuple(Floor(floor["floor_id"], floor["name"], _texts(floor.get("aliases"))) for floor in floors),
        entries={id_: entry for id_, entry in entries.items() if entry is not None},
        rooms={device["id"]: device["area_id"] for device in devices if device.get("area_id")},
        exposed=await _exposed(connection) if wants_exposed else None,
    )


async def _exposed(connection: Connection) -> frozenset[str] | None:
    """Return what is exposed to Assist; None where this person may not know, or nobody has looked yet.

    Home Assistant decides of each entity when an assistant asks for it first.
    """
    try:
        listed = await connection.command("homeassistant/expose_entity/list")
    except ServiceError:
        return None
    to = listed.get("exposed_entities", {})
    return frozenset(id_ for id_, assistants in to.items() if assistants.get("conversation")) or None


def _texts(values: Sequence[object] | None) -> tuple[str, ...]:
    return tuple(value for value in values or () if isinstance(value, str) and value)
