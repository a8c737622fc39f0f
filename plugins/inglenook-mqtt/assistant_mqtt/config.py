"""The section `services.mqtt` of the configuration."""

import socket
from typing import Annotated

import msgspec

__all__ = ["EntityOptions", "MqttConfig"]

TopicName = Annotated[str, msgspec.Meta(pattern=r"^[^+#$/\x00][^+#\x00]{0,99}$")]
"""A topic that can be published to, or the beginning of one."""
TopicFilter = Annotated[str, msgspec.Meta(pattern=r"^(([^+#/]*|\+)/)*([^+#/]*|\+|#)$", min_length=1, max_length=200)]
"""A topic in which `+` stands for one level, and `#` for all that follow."""


class EntityOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the owner knows better about one entity than its announcement."""

    name: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """What people call it; empty for what it was announced as."""
    aliases: list[str] = []
    """What else they call it."""
    area: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Name of its room; empty for the one that it was announced with."""
    hidden: bool = False
    """Whether it is left out."""


class MqttConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the service `mqtt`."""

    host: Annotated[str, msgspec.Meta(min_length=1)] = "localhost"
    """Name or address of the broker, which must know MQTT 5 (Mosquitto does since 1.6)."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    """Its port; 0 for the usual one: 1883, or 8883 with `tls`."""
    username: str = ""
    """Name to log in with; empty for none."""
    password: str = ""
    """Its password, best as `${NAME}` or `${file:PATH}`; without `tls` it crosses the network in the clear."""
    tls: bool = False
    """Whether the connection is encrypted, and the broker's certificate is checked."""
    ca_file: str = ""
    """File with the certificate of the authority that signed the broker's; empty for those that the system trusts."""
    prefix: TopicName = "homeassistant"
    """First level of the topics on which devices announce themselves in Home Assistant's format."""
    house: bool = True
    """Whether what is announced becomes a part of the house; not where a Home Assistant beside it brings it already."""
    tasmota: bool = True
    """Whether Tasmota's own announcements below `tasmota/discovery` are heeded, too."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500
    """Entities that are taken in at most; what is announced beyond is named once and ignored."""
    command_topics: list[TopicFilter] = []
    """Where acts may be published, as filters such as `zigbee2mqtt/#` and `cmnd/#`; an entity that wants another
    topic is refused. Empty for anywhere but topics that begin with `$`, that announce, or that are this assistant's
    own, which always are refused."""
    answer: Annotated[float, msgspec.Meta(gt=0, le=2.5)] = 2.0
    """Seconds that a thing may take to tell its new state after an act."""
    entities: dict[str, EntityOptions] = {}
    """What is known better about an entity, by its id: `{light.desk: {area: Office, aliases: [lamp]}}`."""
    announce: bool = True
    """Whether the assistant's own devices (mute, volume, state) are announced to Home Assistant."""
    base: TopicName = "inglenook"
    """First level of the assistant's own topics."""
    name: Annotated[str, msgspec.Meta(max_length=48)] = ""
    """Name of this assistant among several on one broker; empty for the host's name."""

    def __post_init__(self) -> None:
        if self.ca_file and not self.tls:
            raise ValueError("`ca_file` is for `tls: true`")
        if self.password and not self.username:
            raise ValueError("`password` needs a `username`")

    @property
    def usual_port(self) -> int:
        """Return the port to connect to."""
        return self.port or (8883 if self.tls else 1883)

    @property
    def called(self) -> str:
        """Return the name of this assistant."""
        return self.name or socket.gethostname() or "inglenook"
