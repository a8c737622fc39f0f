"""Read announcements in Home Assistant's MQTT discovery format.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery: one entity on
`<prefix>/<component>/[<node>/]<object>/config`, or all of a device on `<prefix>/device/[<node>/]<object>/config`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from assistant_mqtt.abbreviations import DEVICE, LONG

__all__ = ["Announced", "read_announcement"]

_PARTS = 64
"""Entities that one device may announce at once."""
_DEPTH = 8
"""Levels of the deepest announcement."""
_SHARED = frozenset({"availability", "availability_mode", "availability_topic", "availability_template"}) | frozenset(
    {"payload_available", "payload_not_available", "device", "origin", "qos", "command_topic", "state_topic"}
)
"""What a device says once for all its entities."""


@dataclass(frozen=True, slots=True)
class Announced:
    """One entity as it was announced."""

    key: str
    """What tells it from all others."""
    component: str
    """What sort of thing it is: `light`."""
    options: Mapping[str, Any]
    """The rest, in long names."""


def read_announcement(topic: str, payload: bytes, prefix: str) -> list[Announced]:
    """Return what is announced; nothing where an announcement is taken back.

    Raises ValueError where it cannot be read.
    """
    found = re.fullmatch(rf"{re.escape(prefix)}/(\w{{1,64}})/(?:([\w-]{{1,128}})/)?([\w-]{{1,128}})/config", topic)
    if found is None:
        raise ValueError("the topic has signs that are not allowed in it")
    if not payload:
        return []
    component, node, object_ = found.groups(default="")
    tree = _object(payload)
    if tree.get("migrate_discovery") is True:
        return []
    key = f"{node}/{object_}" if node else object_
    if component != "device":
        return [Announced(f"{component}/{key}", component, _long(tree))]
    return list(_of_device(key, _long(tree)))


def _of_device(key: str, tree: dict[str, Any]) -> Iterator[Announced]:
    parts = tree.get("components")
    if not isinstance(parts, dict) or len(parts) > _PARTS:
        raise ValueError(f"a device needs `components`, at most {_PARTS}")
    shared = {name: value for name, value in tree.items() if name in _SHARED}
    for name, part in parts.items():
        if not isinstance(part, dict) or not isinstance(part.get("platform", part.get("p")), str):
            raise ValueError(f"the component {name!r:.80} has no platform")
        options = shared | _long(part, tree.get("~"))
        if options.keys() > shared.keys() | {"platform"}:  # else it is taken back
            yield Announced(f"device/{key}/{name}", options["platform"], options)


def _object(payload: bytes) -> dict[str, Any]:
    try:
        tree = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    if not isinstance(tree, dict):
        raise ValueError("no JSON object")
    if _depth(tree) > _DEPTH:
        raise ValueError("it is nested too deeply")
    return tree


def _depth(value: Any, above: int = 0) -> int:
    if above > _DEPTH or not isinstance(value, dict | list):
        return above
    return max(
        (_depth(part, above + 1) for part in (value.values() if isinstance(value, dict) else value)), default=above
    )


def _long(tree: dict[str, Any], base: Any = None) -> dict[str, Any]:
    """Return an announcement with long names, and `~` in topics replaced by what it stands for."""
    tree = {LONG.get(name, name): value for name, value in tree.items()}
    base = tree.get("~", base)
    if isinstance(tree.get("device"), dict):
        tree["device"] = {DEVICE.get(key, key): value for key, value in tree["device"].items()}
    told: Any = tree.get("availability")
    if isinstance(told, dict | list):
        ones = told if isinstance(told, list) else [told]
        tree["availability"] = [_long(one, base) for one in ones if isinstance(one, dict)]
    return _based(tree, base)


def _based(tree: dict[str, Any], base: Any) -> dict[str, Any]:
    if not isinstance(base, str):
        return tree
    return {name: _with_base(value, base) if name.endswith("topic") else value for name, value in tree.items()}


def _with_base(value: Any, base: str) -> Any:
    if not isinstance(value, str):
        return value
    if value.startswith("~"):
        return base + value[1:]
    return value[:-1] + base if value.endswith("~") else value
