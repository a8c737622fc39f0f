"""An MQTT broker as a part of the house, both ways.

Inwards: what Zigbee2MQTT, Tasmota and others announce in Home Assistant's discovery format becomes entities.
Outwards: the assistant's own devices appear in Home Assistant.
"""

from assistant import Home, Host, ServiceSpec, hookimpl
from assistant_mqtt.config import EntityOptions, MqttConfig

__all__ = ["EntityOptions", "MqttConfig"]


async def run(config: MqttConfig, host: Host) -> None:
    """Serve until cancelled; the libraries are loaded only where the configuration asks for the service."""
    from assistant_mqtt.service import serve

    await serve(config, host)


async def house(config: MqttConfig, home: Home) -> None:
    """Bring what is announced into a house until cancelled, and announce nothing."""
    from assistant_mqtt.service import bring

    await bring(config, home)


async def check(config: MqttConfig) -> str:
    """Log in once and say where; raises ServiceError."""
    from assistant_mqtt.service import look

    return await look(config)


@hookimpl
def assistant_services() -> list[ServiceSpec[MqttConfig]]:
    """Offer the service."""
    return [ServiceSpec(name="mqtt", config=MqttConfig, run=run, check=check, house=house)]
