"""Home Assistant as a part of the house, by its WebSocket API and a long-lived access token."""

from assistant import Host, ServiceSpec, hookimpl
from assistant_homeassistant.config import HomeAssistantConfig

__all__ = ["HomeAssistantConfig"]


async def run(config: HomeAssistantConfig, host: Host) -> None:
    """Serve until cancelled."""
    from assistant_homeassistant.service import serve

    await serve(config, host)


async def check(config: HomeAssistantConfig) -> str:
    """Log in once and say what is there; raises ServiceError."""
    from assistant_homeassistant.service import look

    return await look(config)


@hookimpl
def assistant_services() -> list[ServiceSpec[HomeAssistantConfig]]:
    """Offer the service."""
    return [ServiceSpec(name="homeassistant", config=HomeAssistantConfig, run=run, check=check)]
