"""Who is on the local network, as far as they say so themselves: nothing is proved, and nobody is trusted for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from assistant.lan.identity import is_id
from assistant.lan.text import clean

__all__ = ["KINDS", "MOST", "Neighbour", "Neighbours", "Sighting", "described"]

KINDS = {
    "_inglenook._tcp.local.": "Inglenook",
    "_wyoming._tcp.local.": "Wyoming",
    "_esphomelib._tcp.local.": "ESPHome",
    "_home-assistant._tcp.local.": "Home Assistant",
    "_ollama._tcp.local.": "Ollama",
}
"""Services that are looked for, by their type in DNS-SD."""
MOST = 128
"""Services of one type that are kept: a flood of one kind leaves room for the others."""
_KEYS, _KEY, _VALUE, _NAME, _ADDRESSES = 16, 32, 200, 63, 8
"""Bounds of what is kept of an advert: entries of its TXT record, characters of each, of its name; addresses."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A service that somebody on the network advertises."""

    kind: str
    """What it is: `Inglenook`, `Wyoming`."""
    name: str
    """What it calls itself."""
    addresses: tuple[str, ...] = ()
    """Where it says it is: IPv4 first, IPv6 that is good on this link only last."""
    port: int = 0
    """Port there."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Its TXT record; of an assistant `id`, `version`, `api`, `kinds`, `name`."""
    doubt: str = ""
    """Why it may not be what it says; empty where nothing speaks against it."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A change on the network."""

    change: Literal["found", "changed", "gone"]
    """What happened."""
    neighbour: Neighbour
    """To whom."""


def described(
    type_: str, name: str, addresses: list[str], port: int, properties: Mapping[bytes, bytes | None]
) -> Neighbour:
    """Make a neighbour of the records of an advert, cleaned and bounded."""
    entries = list(properties.items())[:_KEYS]
    addresses = sorted(addresses, key=lambda address: (":" in address, address.startswith("fe80"), address))
    return Neighbour(
        KINDS[type_],
        clean(name.removesuffix(f".{type_}"), _NAME),
        tuple(clean(address, 60) for address in addresses[:_ADDRESSES]),
        port,
        {clean(_text(key), _KEY): clean(_text(value or b""), _VALUE) for key, value in entries},
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


class Neighbours:
    """Everybody who was seen and is not gone, by the type and name of the advert."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Neighbour] = {}
        self.left_out = 0
        """Adverts that were not taken, because there were too many of their type already."""

    def __iter__(self) -> Iterator[Neighbour]:
        return iter(self._seen.values())

    def has_room(self, type_: str, name: str) -> bool:
        """Tell whether an advert can be taken; one that cannot is counted."""
        room = (type_, name) in self._seen or sum(known == type_ for known, _ in self._seen) < MOST
        self.left_out += not room
        return room

    def see(self, type_: str, name: str, neighbour: Neighbour) -> Sighting | None:
        """Take an advert; None where it says nothing new.

        One that takes the id of another does not replace it: both are listed, and the later is doubted till it is gone.
        """
        known = self._seen.get((type_, name))
        neighbour = replace(neighbour, doubt=self._doubt(known, neighbour))
        if known == neighbour:
            return None
        self._seen[type_, name] = neighbour
        return Sighting("changed" if known else "found", neighbour)

    def lose(self, type_: str, name: str) -> Sighting | None:
        """Forget an advert that was withdrawn or has expired."""
        known = self._seen.pop((type_, name), None)
        return Sighting("gone", known) if known else None

    def _doubt(self, known: Neighbour | None, neighbour: Neighbour) -> str:
        if neighbour.kind != "Inglenook":
            return ""
        if known and known.doubt:
            return known.doubt
        id_ = neighbour.properties.get("id", "")
        if not is_id(id_):
            return "has no valid id"
        if known and known.properties.get("id") != id_:
            return f"had the id {known.properties.get('id', '')} before"
        owner = next((n for n in self if n is not known and n.properties.get("id") == id_ and not n.doubt), None)
        return f"has the id of {owner.name}" if owner else ""
