"""Other servers of models as values: one that is configured, one of its models, and what a plugin knows of its type."""

import ipaddress
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from assistant.engines import API, Capabilities, Kind
from assistant.providers.config import ProviderConfig

__all__ = ["ProvidedModel", "Provider", "ProviderSpec"]


@dataclass(frozen=True, slots=True)
class Provider:
    """A server that the owner configured, or a place where there may be one."""

    name: str
    """Its name in the configuration."""
    endpoint: str
    """Where it is, without a slash at the end: `http://192.168.1.20:8000/v1`."""
    config: ProviderConfig
    """Its section."""

    def __str__(self) -> str:
        return f"provider {self.name} ({self.endpoint})"

    @property
    def local(self) -> bool:
        """Return whether what it is asked stays on this machine."""
        host = urlsplit(self.endpoint).hostname or ""
        if self.config.gateway:
            return False
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def log(self) -> logging.Logger:
        """Return where messages about it go."""
        return logging.getLogger(f"assistant.providers.{self.name}")


@dataclass(frozen=True, slots=True)
class ProvidedModel:
    """A model of a server."""

    name: str
    """What the server calls it."""
    kind: Kind
    """What it is for."""
    capabilities: Capabilities
    """What it can do; the core says whether it is local."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """A type of server that a plugin can use. All that takes time is a coroutine that raises EngineError."""

    type: str
    """What `type:` in the configuration says, e.g. `vllm`."""
    title: str
    """What people call it, e.g. `vLLM`."""
    endpoint: str
    """Where it usually is on this machine: `http://127.0.0.1:8000/v1`; empty where the owner must say."""
    describe: Callable[[Provider, str], ProvidedModel]
    """Says what a model is of which only the name is known; pure and immediate."""
    models: Callable[[Provider], Awaitable[Sequence[ProvidedModel]]]
    """Asks the server for its models, which costs it nothing."""
    recognise: Callable[[Provider], Awaitable[bool]]
    """Tells by its answers whether the server is of this type; False where nothing answers."""
    open: Callable[[Provider, ProvidedModel], AbstractAsyncContextManager[Any]]
    """Makes the engine of a model. It asks the server nothing: one that is asleep fails when there is work."""
    api: int = API
    """The plugin interface it was written for."""
