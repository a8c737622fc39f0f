"""The sorts of things that are understood, by the component that an announcement names."""

from collections.abc import Mapping
from typing import Any

from assistant_mqtt.announcements import Announced
from assistant_mqtt.options import read_options
from assistant_mqtt.things.climate import Climate
from assistant_mqtt.things.cover import Cover
from assistant_mqtt.things.fan import Fan
from assistant_mqtt.things.json_light import JsonLight
from assistant_mqtt.things.light import Light
from assistant_mqtt.things.lock import Lock
from assistant_mqtt.things.sensor import BinarySensor, Sensor
from assistant_mqtt.things.switch import Button, Scene, Switch
from assistant_mqtt.things.thing import EVERYTHING, Command, Plan, Reading, Thing

__all__ = ["EVERYTHING", "Command", "Plan", "Reading", "Thing", "make_thing"]

_SORTS: Mapping[str, type[Thing[Any]]] = {
    sort.domain: sort for sort in (BinarySensor, Button, Climate, Cover, Fan, Light, Lock, Scene, Sensor, Switch)
}


def make_thing(announced: Announced) -> Thing[Any] | None:
    """Return the thing that was announced; None where it is of a sort that nobody speaks of, or is not to be used.

    Raises ValueError where the announcement makes no sense.
    """
    sort = _SORTS.get(announced.component)
    if announced.component == "light":
        match announced.options.get("schema", "basic"):
            case "json":
                sort = JsonLight
            case "template":
                raise ValueError("lamps of the schema `template` are not understood")
    if sort is None:
        return None
    config = read_options(dict(announced.options), sort.options)
    if config.entity_category in ("config", "diagnostic") or not config.enabled_by_default:
        return None
    return sort(config)
