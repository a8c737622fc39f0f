"""What only tells: thermometers, meters, contacts, movement."""

from collections.abc import Iterator

from assistant_mqtt.options import Common, ReadTopic, Text
from assistant_mqtt.template import ValueTemplate
from assistant_mqtt.things.thing import NONE, Reading, Thing

__all__ = ["BinarySensor", "BinarySensorOptions", "Sensor", "SensorOptions"]

_LONGEST = 255
"""Characters of the longest state, as in Home Assistant."""


class SensorOptions(Common, frozen=True, kw_only=True):
    """An announced sensor."""

    state_topic: ReadTopic
    value_template: ValueTemplate | None = None
    unit_of_measurement: Text | None = None


class Sensor(Thing[SensorOptions]):
    """A sensor: its state is what it measures."""

    options = SensorOptions
    domain = "sensor"

    def __init__(self, config: SensorOptions) -> None:
        super().__init__(config)
        if config.unit_of_measurement:
            self.attributes["unit_of_measurement"] = str(config.unit_of_measurement)[:16]

    def readings(self) -> Iterator[Reading]:
        """Yield its state."""
        yield Reading(self.config.state_topic, self._take, self.config.value_template)

    def _take(self, value: str) -> None:
        if len(value) > _LONGEST:
            raise ValueError("its state is very long")
        self.state = "unknown" if value == NONE else value


class BinarySensorOptions(Common, frozen=True, kw_only=True):
    """An announced sensor of two states."""

    state_topic: ReadTopic
    value_template: ValueTemplate | None = None
    payload_on: Text = Text("ON")
    payload_off: Text = Text("OFF")


class BinarySensor(Thing[BinarySensorOptions]):
    """A sensor of two states."""

    options = BinarySensorOptions
    domain = "binary_sensor"

    def readings(self) -> Iterator[Reading]:
        """Yield its state."""
        config = self.config
        yield Reading(config.state_topic, self.onoff(config.payload_on, config.payload_off), config.value_template)
