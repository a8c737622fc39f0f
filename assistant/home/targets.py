"""Which things of the house a sentence means."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from assistant.entities import Entity
from assistant.home import Home
from assistant.skill import Asked

__all__ = ["Targets", "called", "nearest", "room", "targets"]

_FIRST = ("light", "cover", "climate", "media_player", "fan", "lock", "valve", "switch", "input_boolean")
"""Of things with one name in one room, that of the earliest sort is meant: a lamp before its switch."""
_ALIKE = 0.6
"""How like a name must be, 0 to 1, to be offered instead."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The things that are meant."""

    entities: tuple[Entity, ...] = ()
    """All of them."""
    choices: tuple[tuple[str, Entity], ...] = ()
    """Where a name means several, of which one is meant: what each is told from the others by."""
    nowhere: bool = False
    """Whether it is not known which room is meant."""


def targets(home: Home, asked: Asked, domains: Collection[str] = (), at: str = "") -> Targets:
    """Return what *asked* is about: what it names, or all of the *domains* in a room, on a storey or in the house.

    *at* is the room of the device that was spoken to. A sentence that tells the sort of things has it in its slots.
    """
    slots = asked.slots
    if ids := _ids(slots.get("entity_ids", "")):
        return _one_of([entity for entity in home.entities if entity.id in ids], home, at)
    if name := slots.get("name", ""):
        return _one_of(called(name, home), home, at)
    found = [entity for entity in home.entities if _is_of_sort(entity, slots.get("domain", ""), domains)]
    if wanted := _ids(slots.get("device_class", "")):
        found = [entity for entity in found if entity.attributes.get("device_class") in wanted]
    if slots.get("area") or slots.get("area_ids"):
        areas = _ids(slots.get("area_ids", "")) or room(slots["area"], home)
        return Targets(tuple(entity for entity in found if entity.area in areas))
    if slots.get("floor") or slots.get("floor_ids"):
        floors = _ids(slots.get("floor_ids", "")) or {slots["floor"]}
        areas = frozenset(area.id for area in home.areas if area.floor in floors)
        return Targets(tuple(entity for entity in found if entity.area in areas))
    if slots.get("here"):
        areas = room(at, home)
        if not areas and len({entity.area for entity in found}) < 2:  # those of the only room that has such things
            return Targets(tuple(found))
        return Targets(tuple(entity for entity in found if entity.area in areas), nowhere=not areas)
    return Targets(tuple(found))


def called(name: str, home: Home) -> list[Entity]:
    """Return the things that have a name, an alias or an id."""
    wanted = name.casefold().strip()
    return [
        entity
        for entity in home.entities
        if wanted in (entity.id, entity.name.casefold(), *(alias.casefold() for alias in entity.aliases))
    ]


def nearest(name: str, home: Home, domains: Collection[str]) -> Entity | None:
    """Return the thing of *domains* whose name is most like *name*; None where none is."""
    names = {
        known.casefold(): entity
        for entity in reversed(home.entities)
        if entity.domain in domains
        for known in (*entity.aliases, entity.name)
    }
    found = get_close_matches(name.casefold(), names, 1, _ALIKE)
    return names[found[0]] if found else None


def room(name: str, home: Home) -> frozenset[str]:
    """Return the ids of the rooms of a name."""
    wanted = name.casefold()
    return frozenset(
        area.id
        for area in home.areas
        if wanted and wanted in (area.id, area.name.casefold(), *(alias.casefold() for alias in area.aliases))
    )


def _ids(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _is_of_sort(entity: Entity, said: str, domains: Collection[str]) -> bool:
    return entity.domain in (_ids(said) or domains)


def _one_of(found: list[Entity], home: Home, at: str) -> Targets:
    """Return the one that is meant: that in the room of the speaker, or of the sort that is meant first; or ask."""
    here = room(at, home)
    found = [entity for entity in found if entity.area in here] or found
    by_area: dict[str, Entity] = {}
    for entity in sorted(found, key=_rank, reverse=True):
        by_area[entity.area] = entity
    if len(by_area) < 2:
        return Targets(tuple(by_area.values()))
    areas = {area.id: area.name for area in home.areas}
    told_apart = [(areas.get(entity.area, entity.name), entity) for entity in found if entity in by_area.values()]
    return Targets(choices=tuple(_apart(told_apart)))


def _rank(entity: Entity) -> int:
    return _FIRST.index(entity.domain) if entity.domain in _FIRST else len(_FIRST)


def _apart(named: Iterable[tuple[str, Entity]]) -> Iterable[tuple[str, Entity]]:
    """Yield things by their rooms; one whose room's name another has, by its own."""
    seen = set[str]()
    for label, entity in named:
        yield (entity.name if label in seen else label), entity
        seen.add(label)
