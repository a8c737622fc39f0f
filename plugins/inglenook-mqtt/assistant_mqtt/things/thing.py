"""A thing on the broker: what its messages say it is, and which messages ask it to be something else."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from assistant import ServiceError
from assistant_mqtt.options import CommandTopic, Common
from assistant_mqtt.template import ValueTemplate

__all__ = ["EVERYTHING", "NONE", "Command", "Plan", "Reading", "Thing", "number"]

EVERYTHING = "*"
NONE = "None"
"""What says that a thing does not know its own state."""
TOLERANCES: Mapping[str, float] = {
    "brightness": 3,
    "color_temp_kelvin": 120,
    "current_position": 2,
    "hs_color": 6,
    "percentage": 2,
    "rgb_color": 12,
    "temperature": 0.3,
    "xy_color": 0.03,
}
"""How far what is told may be from what was asked for: things count in steps of their own."""


@dataclass(frozen=True, slots=True)
class Command:
    """A message that asks for something."""

    topic: str
    """Where it is published."""
    payload: str
    """What it says."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How an act is done."""

    commands: tuple[Command, ...]
    """What is published, one after the other."""
    then: Mapping[str, Any] = field(default_factory=dict)
    """What the thing tells of itself once it is done: `state` and attributes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A topic on which a thing tells something of itself."""

    topic: str
    """Where."""
    take: Callable[[str], None]
    """Takes the value; raises ValueError for one that makes no sense."""
    template: ValueTemplate | None = None
    """What picks the value out of the message; None for all of it."""
    of: str = "state"
    """What it tells: the state, an attribute, or `EVERYTHING`."""


C = TypeVar("C", bound=Common)


class Thing(ABC, Generic[C]):
    """One entity. It holds what was told last, and knows nothing of the broker."""

    options: ClassVar[type[Common]]
    """Struct of its announcement."""
    domain: ClassVar[str]
    """First part of its id; one per class, except for those that the announcement's component decides."""

    def __init__(self, config: C) -> None:
        self.config = config
        """What was announced."""
        self.state = "unknown"
        """What it is, as Home Assistant writes it."""
        self.attributes: dict[str, Any] = {}
        """More of it."""

    @abstractmethod
    def readings(self) -> Iterator[Reading]:
        """Yield where it tells what it is."""

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Return how an act is done, such as `turn_on`; raises ServiceError where it cannot be."""
        raise self.cannot(service)

    @property
    def command_topics(self) -> frozenset[str]:
        """Return every topic on which it is asked for something."""
        values = (getattr(self.config, name) for name in self.config.__struct_fields__)
        return frozenset(value for value in values if isinstance(value, CommandTopic))

    @property
    def inquiry(self) -> Command | None:
        """Return the message that asks it what it is; None where there is none."""
        topic = getattr(self.config, "command_topic", None)
        if self.config.origin.name == "Zigbee2MQTT" and topic and topic.endswith("/set"):
            return Command(f"{topic.removesuffix('set')}get", '{"state": ""}')
        return None

    def faults(self) -> Iterator[str]:
        """Yield what of the announcement is not understood."""
        for name in self.config.__struct_fields__:
            value = getattr(self.config, name)
            if isinstance(value, ValueTemplate) and value.fault:
                yield f"{name}: {value.fault}"

    def reached(self, then: Mapping[str, Any]) -> bool:
        """Tell whether it is as an act wants it."""
        told = {**self.attributes, "state": self.state}
        return all(_near(told.get(name), value, TOLERANCES.get(name, 0)) for name, value in then.items())

    def take(self, values: Mapping[str, Any]) -> None:
        """Note what it is: `state` and attributes."""
        self.state = values.get("state", self.state)
        self.attributes.update((name, value) for name, value in values.items() if name != "state")

    def cannot(self, service: str) -> ServiceError:
        """Return the error of an act that it does not know."""
        return ServiceError(f"{self.config.name or self.domain} on the MQTT broker cannot {service}")

    def command(self, topic: str, payload: Any, template: ValueTemplate | None = None, **values: Any) -> Command:
        """Return a message; raises ServiceError where its template cannot be evaluated."""
        if template is None:
            return Command(topic, payload if isinstance(payload, str) else msgspec.json.encode(payload).decode())
        text = template.render({"value": payload, **values})
        if text is None:
            raise ServiceError(
                f"what is to be sent on {topic} cannot be made: {template.fault or 'its template failed'}",
                hint="simplify the template in what announces the device",
            )
        return Command(topic, text)

    def onoff(self, on: str, off: str) -> Callable[[str], None]:
        """Return what takes a state that is told by two words."""

        def take(value: str) -> None:
            if value in (on, off, NONE):
                self.state = {on: "on", off: "off"}.get(value, "unknown")
            else:
                raise ValueError(f"{value!r:.40} is neither {on!r:.40} nor {off!r:.40}")

        return take

    def numeric(self, name: str, scale: float = 1.0, digits: int | None = 2) -> Callable[[str], None]:
        """Return what takes the number of an attribute."""

        def take(value: str) -> None:
            self.attributes[name] = None if value == NONE else round(number(value) * scale, digits)

        return take


def number(value: Any) -> float:
    """Return a finite number; raises ValueError."""
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        result = float("nan")
    if not abs(result) < 1e9:
        raise ValueError(f"{value!r:.40} is no number")
    return result


def _near(told: Any, wanted: Any, tolerance: float) -> bool:
    if isinstance(wanted, tuple | list):
        return isinstance(told, tuple | list) and all(map(_near, told, wanted, [tolerance] * len(wanted)))
    if isinstance(wanted, int | float) and isinstance(told, int | float):
        return abs(told - wanted) <= tolerance
    return bool(told == wanted)
