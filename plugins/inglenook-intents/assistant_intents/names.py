"""The names of a house as lists of slot values, and what each name can mean."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from hassil import RecognizeResult, SlotList, TextChunk, TextSlotList
from hassil.intents import TextSlotValue
from hassil.util import normalize_text

from assistant import Area, Entity, Floor, Vocabulary

__all__ = ["Names"]

T = TypeVar("T", bound=Entity | Area | Floor)


class Names:
    """What the entities, areas and floors of a vocabulary are called."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._entities = _by_name(vocabulary.entities)
        self._areas = _by_name(vocabulary.areas)
        self._floors = _by_name(vocabulary.floors)
        self._floor_of = {area.id: area.floor for area in vocabulary.areas}
        self._rooms = {folded(area.id): area.name for area in vocabulary.areas}
        self.lists: dict[str, SlotList] = {
            "name": _list("name", _things(vocabulary.entities)),
            "area": _list("area", _plain(vocabulary.areas)),
            "floor": _list("floor", _plain(vocabulary.floors)),
        }
        """Lists of slot values, by the names that sentence templates have for them."""
        named: dict[str, Iterable[str]] = {"name": self._entities, "area": self._areas, "floor": self._floors}
        self._beginnings = {list_name: _beginnings(names) for list_name, names in named.items()}
        self._openings = {list_name: {name.split()[0] for name in names} for list_name, names in named.items()}

    def area(self, name: str) -> str:
        """Return what an area is called of which *name* is the name, an alias or the id; itself where there is none."""
        called = self._areas.get(folded(name))
        return called[0].name if called else self._rooms.get(folded(name), name)

    @property
    def called(self) -> Iterator[str]:
        """Yield how the things of the house are called, in small letters."""
        yield from self._entities
        yield from self._areas

    def begins(self, list_name: str, words: str) -> bool:
        """Tell whether *words*, in small letters, are how a name of a list begins, and the name goes on."""
        return words in self._beginnings.get(list_name, ())

    def opens(self, list_name: str, word: str) -> bool:
        """Tell whether a name of a list begins with *word*, in small letters."""
        return word in self._openings.get(list_name, ())

    def ids(self, result: RecognizeResult, slots: Mapping[str, str]) -> dict[str, str]:
        """Return the slots that say which entities, areas and floors the *slots* of a result name."""
        areas = self._areas.get(folded(slots.get("area", "")), [])
        floors = self._floors.get(folded(slots.get("floor", "")), [])
        meant = self._entities.get(folded(slots.get("name", "")), [])
        domains = _strings(result.intent_data.requires_context.get("domain"))
        if domains:
            meant = [entity for entity in meant if entity.domain in domains]
        if areas and "here" not in slots:
            meant = [entity for entity in meant if any(entity.area == area.id for area in areas)]
        if floors:
            meant = [entity for entity in meant if any(self._floor_of.get(entity.area) == f.id for f in floors)]
        ids = {"entity_ids": _ids(meant), "area_ids": _ids(areas), "floor_ids": _ids(floors)}
        return {slot: value for slot, value in ids.items() if value}


def folded(name: str) -> str:
    """Return *name* as it is compared: without case, punctuation and needless spaces."""
    return " ".join(re.sub(r"[^\w\s'%&+-]", " ", normalize_text(name)).split()).casefold()


def _by_name(things: Iterable[T]) -> dict[str, list[T]]:
    named: dict[str, list[T]] = {}
    for thing in things:
        for name in {folded(name) for name in (thing.name, *thing.aliases)}:
            if name:
                named.setdefault(name, []).append(thing)
    return named


def _beginnings(names: Iterable[str]) -> frozenset[str]:
    words = [name.split() for name in names]
    return frozenset(" ".join(name[:n]) for name in words for n in range(1, len(name)))


def _plain(things: Iterable[Area | Floor]) -> Iterable[TextSlotValue]:
    seen = set()
    for thing in things:
        for name in (thing.name, *thing.aliases):
            if (key := folded(name)) and key not in seen:
                seen.add(key)
                yield TextSlotValue(TextChunk(key), thing.name)


def _things(entities: Iterable[Entity]) -> Iterable[TextSlotValue]:
    """Yield each name once for each sort of thing that is called so: the templates ask for the sort."""
    seen = set()
    for entity in entities:
        sort = {"domain": entity.domain}
        if device_class := entity.attributes.get("device_class"):
            sort["device_class"] = str(device_class)
        for name in (entity.name, *entity.aliases):
            if (key := folded(name)) and (key, *sort.values()) not in seen:
                seen.add((key, *sort.values()))
                yield TextSlotValue(TextChunk(key), name, context=sort)


def _list(name: str, values: Iterable[TextSlotValue]) -> TextSlotList:
    return TextSlotList(name, list(values))


def _ids(things: Iterable[Entity | Area | Floor]) -> str:
    return ",".join(dict.fromkeys(thing.id for thing in things))


def _strings(value: Any) -> frozenset[str]:
    """Return the values that a template allows; hassil has one, several, or a mapping of either."""
    if isinstance(value, Mapping):
        value = value.get("value")
    return frozenset([value] if isinstance(value, str) else value or ())
