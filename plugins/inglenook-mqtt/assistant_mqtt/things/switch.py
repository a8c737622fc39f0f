"""What is on or off: plugs and relays. Also what can only be set off: buttons and scenes."""

from collections.abc import Iterator, Mapping
from typing import Any

from assistant_mqtt.options import CommandTopic, Common, ReadTopic, Text
from assistant_mqtt.template import ValueTemplate
from assistant_mqtt.things.thing import Plan, Reading, Thing

__all__ = ["Button", "ButtonOptions", "Scene", "SceneOptions", "Switch", "SwitchOptions"]


class SwitchOptions(Common, frozen=True, kw_only=True):
    """An announced switch."""

    command_topic: CommandTopic
    command_template: ValueTemplate | None = None
    payload_on: Text = Text("ON")
    payload_off: Text = Text("OFF")
    state_topic: ReadTopic | None = None
    value_template: ValueTemplate | None = None
    state_on: Text | None = None
    state_off: Text | None = None


class Switch(Thing[SwitchOptions]):
    """A switch."""

    options = SwitchOptions
    domain = "switch"

    def readings(self) -> Iterator[Reading]:
        """Yield its state."""
        config = self.config
        if config.state_topic:
            take = self.onoff(config.state_on or config.payload_on, config.state_off or config.payload_off)
            yield Reading(config.state_topic, take, config.value_template)

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Turn it on or off."""
        config = self.config
        payloads = {"turn_on": (config.payload_on, "on"), "turn_off": (config.payload_off, "off")}
        if service not in payloads:
            raise self.cannot(service)
        payload, state = payloads[service]
        return Plan((self.command(config.command_topic, payload, config.command_template),), {"state": state})


class ButtonOptions(Common, frozen=True, kw_only=True):
    """An announced button."""

    command_topic: CommandTopic
    command_template: ValueTemplate | None = None
    payload_press: Text = Text("PRESS")


class Button(Thing[ButtonOptions]):
    """A button: it can be pressed, and has no state."""

    options = ButtonOptions
    domain = "button"

    def readings(self) -> Iterator[Reading]:
        """Yield nothing."""
        yield from ()

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Press it."""
        if service not in ("press", "turn_on"):
            raise self.cannot(service)
        config = self.config
        return Plan((self.command(config.command_topic, config.payload_press, config.command_template),))


class SceneOptions(Common, frozen=True, kw_only=True):
    """An announced scene."""

    command_topic: CommandTopic
    payload_on: Text = Text("ON")


class Scene(Thing[SceneOptions]):
    """A scene: it can be set, and has no state."""

    options = SceneOptions
    domain = "scene"

    def readings(self) -> Iterator[Reading]:
        """Yield nothing."""
        yield from ()

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Set it."""
        if service != "turn_on":
            raise self.cannot(service)
        return Plan((self.command(self.config.command_topic, self.config.payload_on),))
