"""What is in a house, as values: entities, areas, floors; and the words by which people call them.

The terms are Home Assistant's (https://developers.home-assistant.io/docs/core/entity), whatever bridge brings them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Act", "Area", "Entity", "Floor", "Vocabulary"]


@dataclass(frozen=True, slots=True)
class Floor:
    """A storey of the house."""

    id: str
    """Its name for programs, such as `upstairs`."""
    name: str
    """What people call it."""
    aliases: tuple[str, ...] = ()
    """What else they call it."""


@dataclass(frozen=True, slots=True)
class Area:
    """A room, or another part of the house."""

    id: str
    """Its name for programs, such as `living_room`."""
    name: str
    """What people call it."""
    aliases: tuple[str, ...] = ()
    """What else they call it."""
    floor: str = ""
    """`Floor.id`; empty where it is on none."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing that has a state: a lamp, a lock, a thermometer."""

    id: str
    """Its name for programs, with its domain: `light.desk_lamp`."""
    name: str
    """What people call it."""
    aliases: tuple[str, ...] = ()
    """What else they call it."""
    area: str = ""
    """`Area.id`; empty where it is in none."""
    state: str = "unknown"
    """What it is now, as Home Assistant writes it: `on`, `locked`, `21.5`; `unknown`, or `unavailable`."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """More of it, by Home Assistant's names: `brightness` (0 to 255), `unit_of_measurement`, `device_class`."""

    @property
    def domain(self) -> str:
        """Return what sort of thing it is: `light`, `cover`, `sensor`."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is to be done to entities, as a service call of Home Assistant."""

    service: str
    """What: `light.turn_on`."""
    entities: tuple[str, ...]
    """To which, by their ids."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """More of it: `{"brightness_pct": 40}`."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that an intent engine has to know to understand what people say here."""

    entities: tuple[Entity, ...] = ()
    """The things that may be named; their states may be old."""
    areas: tuple[Area, ...] = ()
    """The rooms that may be named."""
    floors: tuple[Floor, ...] = ()
    """The storeys that may be named."""
    sentences: tuple[str, ...] = ()
    """Folders of the skills' sentence templates and responses in the format of hassil, as `<language>/*.yaml`."""
    own: tuple[str, ...] = ()
    """Folders of the owner's sentences, which go before all others."""
