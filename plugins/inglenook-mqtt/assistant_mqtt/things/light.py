"""Lamps whose state, brightness and colour each have topics of their own (schema `basic`)."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from assistant_mqtt.options import CommandTopic, Common, ReadTopic, Text
from assistant_mqtt.template import ValueTemplate
from assistant_mqtt.things import colours
from assistant_mqtt.things.thing import Command, Plan, Reading, Thing, number

__all__ = ["Light", "LightOptions"]


class LightOptions(Common, frozen=True, kw_only=True):
    """An announced lamp."""

    command_topic: CommandTopic
    payload_on: Text = Text("ON")
    payload_off: Text = Text("OFF")
    on_command_type: Literal["last", "first", "brightness"] = "last"
    state_topic: ReadTopic | None = None
    state_value_template: ValueTemplate | None = None
    brightness_command_topic: CommandTopic | None = None
    brightness_command_template: ValueTemplate | None = None
    brightness_state_topic: ReadTopic | None = None
    brightness_value_template: ValueTemplate | None = None
    brightness_scale: float = 255
    color_temp_kelvin: bool = False
    color_temp_command_topic: CommandTopic | None = None
    color_temp_command_template: ValueTemplate | None = None
    color_temp_state_topic: ReadTopic | None = None
    color_temp_value_template: ValueTemplate | None = None
    rgb_command_topic: CommandTopic | None = None
    rgb_command_template: ValueTemplate | None = None
    rgb_state_topic: ReadTopic | None = None
    rgb_value_template: ValueTemplate | None = None
    hs_command_topic: CommandTopic | None = None
    hs_command_template: ValueTemplate | None = None
    hs_state_topic: ReadTopic | None = None
    hs_value_template: ValueTemplate | None = None
    xy_command_topic: CommandTopic | None = None
    xy_command_template: ValueTemplate | None = None
    xy_state_topic: ReadTopic | None = None
    xy_value_template: ValueTemplate | None = None


class Light(Thing[LightOptions]):
    """A lamp."""

    options = LightOptions
    domain = "light"

    def __init__(self, config: LightOptions) -> None:
        super().__init__(config)
        if not 1 <= config.brightness_scale <= 65_535:
            raise ValueError("brightness_scale is out of range")

    def readings(self) -> Iterator[Reading]:
        """Yield its state, brightness and colour."""
        config = self.config
        if config.state_topic:
            take = self.onoff(config.payload_on, config.payload_off)
            yield Reading(config.state_topic, take, config.state_value_template)
        if config.brightness_state_topic:
            take = self.numeric("brightness", 255 / config.brightness_scale, None)
            yield Reading(config.brightness_state_topic, take, config.brightness_value_template, "brightness")
        if config.color_temp_state_topic:
            template = config.color_temp_value_template
            yield Reading(config.color_temp_state_topic, self._take_warmth, template, "color_temp_kelvin")
        for name in ("rgb", "hs", "xy"):
            if topic := getattr(config, f"{name}_state_topic"):
                yield Reading(topic, self._colour(name), getattr(config, f"{name}_value_template"), f"{name}_color")

    def _take_warmth(self, value: str) -> None:
        told = number(value)
        if told <= 0:
            raise ValueError(f"{value!r:.40} is no colour temperature")
        self.attributes["color_temp_kelvin"] = round(told if self.config.color_temp_kelvin else 1_000_000 / told)

    def _colour(self, name: str) -> Any:
        def take(value: str) -> None:
            parts = [number(part) for part in value.split(",", 4)]
            if len(parts) != len(name):
                raise ValueError(f"{value!r:.40} is no colour")
            self.attributes |= {f"{name}_color": tuple(parts), "rgb_color": colours.rgb(name, parts)}

        return take

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Turn it on, with brightness and colour, or off."""
        config = self.config
        if service == "turn_off":
            return Plan((self.command(config.command_topic, config.payload_off),), {"state": "off"})
        if service != "turn_on":
            raise self.cannot(service)
        on = self.command(config.command_topic, config.payload_on)
        dimmed, then = self._dimmed(service, colours.brightness(data))
        coloured, look = self._coloured(service, data)
        if config.on_command_type == "first":
            commands = [on, *dimmed, *coloured]
        elif config.on_command_type == "brightness" and config.brightness_command_topic:
            commands = [*coloured, *(dimmed or self._dimmed(service, 255)[0])]
        else:
            commands = [*coloured, *dimmed, on]
        return Plan(tuple(commands), {"state": "on", **then, **look})

    def _dimmed(self, service: str, brightness: int | None) -> tuple[list[Command], dict[str, Any]]:
        config = self.config
        if brightness is None:
            return [], {}
        if not config.brightness_command_topic:
            raise self.cannot(f"{service} with a brightness")
        own = max(round(brightness * config.brightness_scale / 255), 1 if brightness else 0)
        command = self.command(config.brightness_command_topic, own, config.brightness_command_template)
        return [command], {"brightness": brightness}

    def _coloured(self, service: str, data: Mapping[str, Any]) -> tuple[list[Command], dict[str, Any]]:
        config = self.config
        if (kelvin := colours.kelvin(data)) is not None:
            if not config.color_temp_command_topic:
                raise self.cannot(f"{service} with a colour temperature")
            own = kelvin if config.color_temp_kelvin else round(1_000_000 / kelvin)
            command = self.command(config.color_temp_command_topic, own, config.color_temp_command_template)
            return [command], {"color_temp_kelvin": kelvin}
        if (rgb := colours.colour(data)) is None:
            return [], {}
        if config.rgb_command_topic:
            values = dict(zip(("red", "green", "blue"), rgb, strict=True))
            command = self.command(config.rgb_command_topic, _joined(rgb), config.rgb_command_template, **values)
            return [command], {"rgb_color": rgb}
        if config.hs_command_topic:
            hue, saturation = parts = colours.hs(rgb)
            template = config.hs_command_template
            command = self.command(config.hs_command_topic, _joined(parts), template, hue=hue, sat=saturation)
            return [command], {"hs_color": parts}
        if config.xy_command_topic:
            x, y = place = colours.xy(rgb)
            command = self.command(config.xy_command_topic, _joined(place), config.xy_command_template, x=x, y=y)
            return [command], {"xy_color": place}
        raise self.cannot(f"{service} with a colour")


def _joined(parts: tuple[float, ...]) -> str:
    return ",".join(f"{part:g}" for part in parts)
