"""Home Assistant as a part of the house, by its WebSocket API and a long-lived access token."""

from assistant import Home, Host, ServiceSpec, hookimpl
from assistant_homeassistant.config import HomeAssistantConfig

__all__ = ["HomeAssistantConfig"]


async def run(config: HomeAssistantConfig, host: Host) -> None:
    """Serve until cancelled."""
    await house(config, host.home)


async def house(config: HomeAssistantConfig, home: Home) -> None:
    """Bring the entities into a house until cancelled."""
    from assistant_homeassistant.service import serve

    await serve(config, home)


async def check(config: HomeAssistantConfig) -> str:
    """Log in once and say what is there; raises ServiceError."""
    from assistant_homeassistant.service import look

    return await look(config)


@hookimpl
def assistant_services() -> list[ServiceSpec[HomeAssistantConfig]]:
    """Offer the service."""
    return [ServiceSpec(name="homeassistant", config=HomeAssistantConfig, run=run, check=check, house=house)]
