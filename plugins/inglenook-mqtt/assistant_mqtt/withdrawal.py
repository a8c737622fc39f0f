"""Take back what this assistant announced once and has no more: a device that was renamed, or all of them."""

from collections.abc import Collection

from assistant_mqtt.broker import Broker
from assistant_mqtt.config import MqttConfig
from assistant_mqtt.presence import node
from assistant_mqtt.topics import matches

__all__ = ["Withdrawal"]


class Withdrawal:
    """Empties the retained announcements that are under this assistant's name, and are not among *announced*."""

    def __init__(self, config: MqttConfig, broker: Broker, announced: Collection[str]) -> None:
        self._broker = broker
        self._own = f"{config.prefix}/+/{node(config)}/+/config"
        self._announced = announced
        self.filters = frozenset[str]() if config.house else frozenset({self._own})
        """Nothing where the bridge listens to all announcements: a second filter would have each sent twice."""

    async def opened(self) -> None:
        """Do nothing: what the broker has kept comes by itself."""

    async def closed(self) -> None:
        """Do nothing: it is kept, and comes again."""

    async def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take back an announcement that does not hold any more."""
        if retained and payload and matches(topic, self._own) and topic not in self._announced:
            await self._broker.publish(topic, "", retain=True)
