"""The section `services.homeassistant` of the configuration."""

from typing import Annotated
from urllib.parse import urlsplit

import msgspec

__all__ = ["HomeAssistantConfig"]


class HomeAssistantConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the service `homeassistant`."""

    url: str = "http://homeassistant.local:8123"
    """Where it is: scheme, host and port, as in a browser."""
    token: Annotated[str, msgspec.Meta(min_length=1)]
    """A long-lived access token, best as `${HASS_TOKEN}` or `${file:PATH}`: made on your profile's page, under
    *Security*. One of an administrator sees which entities are exposed; for another, Home Assistant's defaults hold."""
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "Home Assistant"
    """What it is called where the assistant speaks of it."""
    exposed: bool = True
    """Whether only what is exposed to Assist is seen (*Settings, Voice assistants, Expose*); else everything is."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 2_000
    """Entities that are taken in at most; how many are left out is logged."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("`url` must be like http://homeassistant.local:8123, without a name or a password")

    def __repr__(self) -> str:
        return f"HomeAssistantConfig(url={self.url!r}, token=...)"
