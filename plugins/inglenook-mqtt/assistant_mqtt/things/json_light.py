"""Lamps that are told, and tell, all in one JSON object (schema `json`), as those of Zigbee2MQTT."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from assistant_mqtt.options import CommandTopic, Common, ReadTopic, Text
from assistant_mqtt.things import colours
from assistant_mqtt.things.thing import EVERYTHING, Plan, Reading, Thing, number

__all__ = ["JsonLight", "JsonLightOptions"]


class JsonLightOptions(Common, frozen=True, kw_only=True):
    """An announced lamp."""

    command_topic: CommandTopic
    state_topic: ReadTopic | None = None
    brightness: bool = False
    brightness_scale: float = 255
    color_temp_kelvin: bool = False
    supported_color_modes: tuple[Text, ...] = ()


class JsonLight(Thing[JsonLightOptions]):
    """A lamp."""

    options = JsonLightOptions
    domain = "light"

    def __init__(self, config: JsonLightOptions) -> None:
        super().__init__(config)
        if not 1 <= config.brightness_scale <= 65_535:
            raise ValueError("brightness_scale is out of range")
        self._modes = frozenset(map(str, config.supported_color_modes))
        self._dims = config.brightness or bool(self._modes - {"onoff"})
        if self._modes:
            self.attributes["supported_color_modes"] = sorted(self._modes)

    def readings(self) -> Iterator[Reading]:
        """Yield all of it."""
        if self.config.state_topic:
            yield Reading(self.config.state_topic, self._take, of=EVERYTHING)

    def _take(self, value: str) -> None:
        told = msgspec.json.decode(value)
        if not isinstance(told, dict):
            raise ValueError("it tells no JSON object")
        taken: dict[str, Any] = {}
        if "state" in told:
            if told["state"] not in ("ON", "OFF", None):
                raise ValueError(f"{told['state']!r:.40} is no state of a lamp")
            taken["state"] = {"ON": "on", "OFF": "off"}.get(told["state"], "unknown")
        if self._dims and told.get("brightness") is not None:
            taken["brightness"] = round(number(told["brightness"]) * 255 / self.config.brightness_scale)
        if "color_temp" in self._modes and told.get("color_temp"):
            warmth = number(told["color_temp"])
            taken["color_temp_kelvin"] = round(warmth if self.config.color_temp_kelvin else 1_000_000 / warmth)
        if told.get("color_mode") in self._modes:
            taken["color_mode"] = told["color_mode"]
        if isinstance(parts := told.get("color"), dict):
            for mode in ("xy", "hs", "rgb"):
                if mode in self._modes and all(key in parts for key in mode):
                    colour = tuple(number(parts[key]) for key in mode)
                    taken |= {f"{mode}_color": colour, "rgb_color": colours.rgb(mode, colour)}
        self.take(taken)

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Turn it on, with brightness and colour, or off."""
        if service not in ("turn_on", "turn_off"):
            raise self.cannot(service)
        wanted: dict[str, Any] = {"state": "ON" if service == "turn_on" else "OFF"}
        then: dict[str, Any] = {"state": "on" if service == "turn_on" else "off"}
        if "transition" in data:
            wanted["transition"] = number(data["transition"])
        if service == "turn_on":
            self._look(service, data, wanted, then)
        return Plan((self.command(self.config.command_topic, wanted),), then)

    def _look(self, service: str, data: Mapping[str, Any], wanted: dict[str, Any], then: dict[str, Any]) -> None:
        if (brightness := colours.brightness(data)) is not None:
            if not self._dims:
                raise self.cannot(f"{service} with a brightness")
            wanted["brightness"] = max(round(brightness * self.config.brightness_scale / 255), 1 if brightness else 0)
            then["brightness"] = brightness
        if (kelvin := colours.kelvin(data)) is not None:
            if "color_temp" not in self._modes:
                raise self.cannot(f"{service} with a colour temperature")
            wanted["color_temp"] = kelvin if self.config.color_temp_kelvin else round(1_000_000 / kelvin)
            then["color_temp_kelvin"] = kelvin
        elif (rgb := colours.colour(data)) is not None:
            for keys, made in (("xy", colours.xy), ("hs", colours.hs), ("rgb", tuple)):
                if keys in self._modes:
                    parts = made(rgb)
                    wanted["color"] = dict(zip(keys, parts, strict=True))
                    then[f"{keys}_color"] = parts
                    return
            raise self.cannot(f"{service} with a colour")
