"""The service: one connection, the things on it, and the assistant's own devices."""

import asyncio
import secrets
from contextlib import AsyncExitStack

from assistant import Home, Host
from assistant_mqtt.bridge import MqttBridge
from assistant_mqtt.broker import Broker, Listener
from assistant_mqtt.config import MqttConfig
from assistant_mqtt.presence import Presence, node, will
from assistant_mqtt.withdrawal import Withdrawal

__all__ = ["bring", "look", "serve"]


async def look(config: MqttConfig) -> str:
    """Connect once and say to what; raises ServiceError."""
    broker = Broker(config, _identifier(config), None)
    await broker.look()
    return f"connected to {broker.address}"


async def serve(config: MqttConfig, host: Host) -> None:
    """Be a part of the house, and of Home Assistant, until cancelled."""
    broker = Broker(config, _identifier(config), will(config) if config.announce else None)
    presence = Presence(config, broker, host) if config.announce else None
    listeners: list[Listener] = [Withdrawal(config, broker, presence.announced if presence else ())]
    async with AsyncExitStack() as stack:
        if config.house:
            bridge = MqttBridge(config, broker, host.home, node(config))
            await stack.enter_async_context(host.home.attached(bridge))
            listeners.append(bridge)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        if config.house:
            group.create_task(bridge.tell(), name="MQTT names")
        if presence is not None:
            listeners.append(presence)
            group.create_task(presence.follow(), name="MQTT events")
            group.create_task(presence.carry_out(), name="MQTT requests")
        group.create_task(broker.serve(tuple(listeners)), name="MQTT broker")


async def bring(config: MqttConfig, home: Home) -> None:
    """Be a part of a house until cancelled, and of Home Assistant not."""
    if not config.house:
        return
    broker = Broker(config, _identifier(config), None)
    bridge = MqttBridge(config, broker, home, node(config))
    async with home.attached(bridge), asyncio.TaskGroup() as group:
        group.create_task(bridge.tell(), name="MQTT names")
        group.create_task(broker.serve((bridge,)), name="MQTT broker")


def _identifier(config: MqttConfig) -> str:
    """Return a name that no other client of the broker has: two of one name would throw each other out for ever."""
    return f"{node(config)[:40]}_{secrets.token_hex(4)}"
