"""Fans."""

from collections.abc import Iterator, Mapping
from typing import Any

from assistant_mqtt.options import CommandTopic, Common, ReadTopic, Text
from assistant_mqtt.template import ValueTemplate
from assistant_mqtt.things.thing import NONE, Plan, Reading, Thing, number

__all__ = ["Fan", "FanOptions"]


class FanOptions(Common, frozen=True, kw_only=True):
    """An announced fan."""

    command_topic: CommandTopic
    command_template: ValueTemplate | None = None
    payload_on: Text = Text("ON")
    payload_off: Text = Text("OFF")
    state_topic: ReadTopic | None = None
    state_value_template: ValueTemplate | None = None
    percentage_command_topic: CommandTopic | None = None
    percentage_command_template: ValueTemplate | None = None
    percentage_state_topic: ReadTopic | None = None
    percentage_value_template: ValueTemplate | None = None
    payload_reset_percentage: Text = Text("None")
    speed_range_min: int = 1
    speed_range_max: int = 100


class Fan(Thing[FanOptions]):
    """A fan; its speed is told in percent of its own steps."""

    options = FanOptions
    domain = "fan"

    def __init__(self, config: FanOptions) -> None:
        super().__init__(config)
        self._steps = config.speed_range_max - config.speed_range_min + 1
        if self._steps < 1 or config.speed_range_min < 0:
            raise ValueError("the range of speeds is empty")

    def readings(self) -> Iterator[Reading]:
        """Yield its state and its speed."""
        config = self.config
        if config.state_topic:
            take = self.onoff(config.payload_on, config.payload_off)
            yield Reading(config.state_topic, take, config.state_value_template)
        if config.percentage_state_topic:
            template = config.percentage_value_template
            yield Reading(config.percentage_state_topic, self._take_speed, template, "percentage")

    def _take_speed(self, value: str) -> None:
        if value in (NONE, self.config.payload_reset_percentage):
            self.attributes["percentage"] = None
            return
        step = number(value) - self.config.speed_range_min + 1
        if not 0 <= step <= self._steps:
            raise ValueError(f"{value!r:.40} is beyond its speeds")
        self.attributes["percentage"] = round(step * 100 / self._steps)

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Turn it on or off, or set its speed."""
        config = self.config
        if service == "set_percentage" or (service == "turn_on" and "percentage" in data):
            return self._at_speed(service, number(data.get("percentage")))
        payloads = {"turn_on": (config.payload_on, "on"), "turn_off": (config.payload_off, "off")}
        if service not in payloads:
            raise self.cannot(service)
        payload, state = payloads[service]
        return Plan((self.command(config.command_topic, payload, config.command_template),), {"state": state})

    def _at_speed(self, service: str, percent: float) -> Plan:
        config = self.config
        if not config.percentage_command_topic:
            raise self.cannot(service)
        steps = max(1, round(min(percent, 100) * self._steps / 100)) if percent > 0 else 0
        own = steps + config.speed_range_min - 1
        command = self.command(config.percentage_command_topic, own, config.percentage_command_template)
        return Plan((command,), {"percentage": round(steps * 100 / self._steps)})
