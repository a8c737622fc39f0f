"""What stands in an announcement, as typed values. The names are those of Home Assistant's MQTT integration.

What is not known here is passed over: most of an announcement is for the eyes (icons, pictures, links).
"""

from typing import Annotated, Any, Literal, Self, TypeVar

import msgspec

from assistant_mqtt.template import ValueTemplate

__all__ = ["Availability", "CommandTopic", "Common", "DeviceInfo", "Origin", "ReadTopic", "Text", "read_options"]

_TOPIC = 512
"""Characters of the longest topic."""
_TEXT = 4_096
"""Characters of the longest name or payload."""


class Text(str):
    """A name or a payload; JSON's numbers and truth values are written as Home Assistant writes them: `True`."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Take the value of a key; raises ValueError."""
        if not isinstance(value, str | int | float) or len(text := str(value)) > _TEXT:
            raise ValueError("no text, or a very long one")
        return cls(text)


class ReadTopic(str):
    """A topic on which something is told."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Take the value of a key; raises ValueError for a filter, and for what belongs to the broker itself."""
        if not isinstance(value, str) or not 0 < len(value.encode()) <= _TOPIC:
            raise ValueError("no topic")
        if any(sign in value for sign in "+#\0"):
            raise ValueError(f"{value!r:.80} stands for more than one topic")
        if value.startswith("$"):
            raise ValueError(f"{value!r:.80} belongs to the broker")
        return cls(value)


class CommandTopic(ReadTopic):
    """A topic on which something is asked for."""

    __slots__ = ()


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """A topic that tells whether a thing can be reached."""

    topic: ReadTopic
    """Where it is told."""
    value_template: ValueTemplate | None = None
    """What picks the word out of the message."""
    payload_available: Text = Text("online")
    """What it says where it can."""
    payload_not_available: Text = Text("offline")
    """What it says where it cannot."""


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The device that an entity is a part of."""

    name: Text | None = None
    """What people call it."""
    suggested_area: Text | None = None
    """Its room."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The program that announces."""

    name: Text | None = None
    """Its name: `Zigbee2MQTT`."""


class Common(msgspec.Struct, frozen=True, kw_only=True):
    """What every announcement may say."""

    name: Text | None = None
    """What the entity is called beside its device's name; nothing where it is the device's main one."""
    object_id: Text | None = None
    """What its id is made of."""
    default_entity_id: Text | None = None
    """The same, with its domain."""
    device: DeviceInfo = DeviceInfo()
    """What it is a part of."""
    origin: Origin = Origin()
    """Who announces it."""
    availability: Annotated[list[Availability], msgspec.Meta(max_length=8)] = []
    """Whether it can be reached."""
    availability_mode: Literal["all", "any", "latest"] = "latest"
    """How several of these count."""
    availability_topic: ReadTopic | None = None
    """The same, for one topic."""
    availability_template: ValueTemplate | None = None
    """What picks the word out of its message."""
    payload_available: Text = Text("online")
    """What it says where the entity can be reached."""
    payload_not_available: Text = Text("offline")
    """What it says where it cannot."""
    qos: int = 0
    """Not used: acts are delivered at least once."""
    retain: bool = False
    """Whether the broker keeps what is asked for."""
    optimistic: bool = False
    """Whether the thing may not tell what came of an act."""
    entity_category: Text | None = None
    """`config` or `diagnostic` for what people do not speak of."""
    enabled_by_default: bool = True
    """Whether it is meant to be used at all."""
    device_class: Text | None = None
    """What sort of sensor, cover or switch it is."""
    expire_after: float = 0
    """Seconds after which a value that was told no longer counts; 0 for never."""

    @property
    def availabilities(self) -> tuple[Availability, ...]:
        """Return every topic that tells whether it can be reached."""
        if self.availability_topic is None:
            return tuple(self.availability)
        own = Availability(
            topic=self.availability_topic,
            value_template=self.availability_template,
            payload_available=self.payload_available,
            payload_not_available=self.payload_not_available,
        )
        return (*self.availability, own)


C = TypeVar("C", bound=Common)


def read_options(value: dict[str, Any], wanted: type[C]) -> C:
    """Convert an announcement, in its long names; raises ValueError that says where the fault is."""
    return msgspec.convert(value, wanted, strict=False, dec_hook=_decoded)


def _decoded(wanted: type[Any], value: object) -> object:
    if wanted is ValueTemplate:
        if not isinstance(value, str):
            raise ValueError("no template")
        return ValueTemplate(value)
    return wanted.read(value)
