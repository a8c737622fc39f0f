"""Heating and air conditioning."""

from collections.abc import Iterator, Mapping
from typing import Any

from assistant_mqtt.options import CommandTopic, Common, ReadTopic, Text
from assistant_mqtt.template import ValueTemplate
from assistant_mqtt.things.thing import NONE, Command, Plan, Reading, Thing, number

__all__ = ["Climate", "ClimateOptions"]


class ClimateOptions(Common, frozen=True, kw_only=True):
    """An announced thermostat."""

    mode_command_topic: CommandTopic | None = None
    mode_command_template: ValueTemplate | None = None
    mode_state_topic: ReadTopic | None = None
    mode_state_template: ValueTemplate | None = None
    modes: tuple[Text, ...] = tuple(map(Text, ("auto", "off", "cool", "heat", "dry", "fan_only")))
    temperature_command_topic: CommandTopic | None = None
    temperature_command_template: ValueTemplate | None = None
    temperature_state_topic: ReadTopic | None = None
    temperature_state_template: ValueTemplate | None = None
    temperature_unit: Text = Text("C")
    min_temp: float = 7
    max_temp: float = 35
    current_temperature_topic: ReadTopic | None = None
    current_temperature_template: ValueTemplate | None = None
    action_topic: ReadTopic | None = None
    action_template: ValueTemplate | None = None


class Climate(Thing[ClimateOptions]):
    """A thermostat: its state is its mode."""

    options = ClimateOptions
    domain = "climate"

    def __init__(self, config: ClimateOptions) -> None:
        super().__init__(config)
        self.attributes |= {
            "hvac_modes": list(config.modes),
            "min_temp": config.min_temp,
            "max_temp": config.max_temp,
            "temperature_unit": f"°{config.temperature_unit}",
        }

    def readings(self) -> Iterator[Reading]:
        """Yield its mode, both temperatures, and what it does now."""
        config = self.config
        if config.mode_state_topic:
            yield Reading(config.mode_state_topic, self._take_mode, config.mode_state_template)
        if config.temperature_state_topic:
            take = self.numeric("temperature")
            yield Reading(config.temperature_state_topic, take, config.temperature_state_template, "temperature")
        if config.current_temperature_topic:
            take = self.numeric("current_temperature")
            template = config.current_temperature_template
            yield Reading(config.current_temperature_topic, take, template, "current_temperature")
        if config.action_topic:
            yield Reading(config.action_topic, self._take_action, config.action_template, "hvac_action")

    def _take_mode(self, value: str) -> None:
        if value not in (*self.config.modes, NONE):
            raise ValueError(f"{value!r:.40} is none of its modes")
        self.state = "unknown" if value == NONE else value

    def _take_action(self, value: str) -> None:
        self.attributes["hvac_action"] = None if value == NONE else value[:40]

    @property
    def inquiry(self) -> Command | None:
        """Return nothing: a thermostat on a battery answers when it wakes."""
        return None

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Set its mode or its temperature."""
        if service in ("turn_on", "turn_off"):
            modes = [mode for mode in self.config.modes if mode != "off"]
            wanted = "off" if service == "turn_off" else next((m for m in ("heat", "auto", "cool") if m in modes), "")
            return self._in_mode(service, wanted)
        if service == "set_hvac_mode":
            return self._in_mode(service, str(data.get("hvac_mode")))
        if service == "set_temperature":
            return self._at(service, number(data.get("temperature")))
        raise self.cannot(service)

    def _in_mode(self, service: str, mode: str) -> Plan:
        config = self.config
        if not config.mode_command_topic or mode not in config.modes:
            raise self.cannot(service)
        command = self.command(config.mode_command_topic, mode, config.mode_command_template)
        return Plan((command,), {"state": mode})

    def _at(self, service: str, temperature: float) -> Plan:
        config = self.config
        if not config.temperature_command_topic or not config.min_temp <= temperature <= config.max_temp:
            raise self.cannot(f"{service} {temperature:g}")
        command = self.command(config.temperature_command_topic, temperature, config.temperature_command_template)
        return Plan((command,), {"temperature": temperature})
