"""The states of Home Assistant's entities, as `subscribe_entities` tells them: all at first, then what changes."""

from collections.abc import Mapping
from typing import Any

__all__ = ["States"]


class States:
    """States and attributes by entity id, kept current."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, dict[str, Any]]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def items(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Return id, state and attributes of each."""
        return [(id_, state, attributes) for id_, (state, attributes) in self._known.items()]

    def get(self, id_: str) -> tuple[str, Mapping[str, Any]] | None:
        """Return state and attributes; None where there is no such entity."""
        return self._known.get(id_)

    def clear(self) -> None:
        """Forget all: they are told anew."""
        self._known.clear()

    def told(self, event: Mapping[str, Any]) -> tuple[set[str], bool]:
        """Take in an event; return which entities it is about, and whether any came, went or was renamed.

        `a` adds, `r` removes, `c` changes: `+` holds what is new, `-` the names of attributes that are gone; `s` is the
        state and `a` the attributes.
        """
        about, names = set[str](), False
        for id_, whole in (event.get("a") or {}).items():
            attributes = dict(whole.get("a") or {})
            names = names or id_ not in self._known or _name(self._known[id_][1]) != _name(attributes)
            self._known[id_] = (str(whole.get("s", "unknown")), attributes)
            about.add(id_)
        for id_ in event.get("r") or ():
            names = self._known.pop(id_, None) is not None or names
            about.add(id_)
        for id_, change in (event.get("c") or {}).items():
            if id_ not in self._known:
                continue
            state, attributes = self._known[id_]
            new, gone = change.get("+") or {}, (change.get("-") or {}).get("a") or ()
            changed = {key: value for key, value in {**attributes, **(new.get("a") or {})}.items() if key not in gone}
            names = names or _name(attributes) != _name(changed)
            self._known[id_] = (str(new.get("s", state)), changed)
            about.add(id_)
        return about, names


def _name(attributes: Mapping[str, Any]) -> Any:
    return attributes.get("friendly_name")
