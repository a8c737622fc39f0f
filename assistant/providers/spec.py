"""Other servers of models as values: one that is configured, one of its models, and what a plugin knows of its type."""

import ipaddress
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from assistant.engines import API, Capabilities, EngineConfig, Kind
from assistant.providers.config import ProviderConfig

__all__ = ["ProvidedModel", "Provider", "ProviderSpec", "PullProgress"]

_Options = type[EngineConfig]


@dataclass(frozen=True, slots=True)
class Provider:
    """A server that the owner configured, or a place where there may be one."""

    name: str
    """Its name in the configuration."""
    endpoint: str
    """Where it is, without a slash at the end: `http://192.168.1.20:8000/v1`."""
    config: ProviderConfig
    """Its section."""
    options: EngineConfig = field(default_factory=EngineConfig)
    """What its section has in `options`, as its type wants them."""

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
    def headers(self) -> dict[str, str]:
        """Return the headers of each request: the key, what the owner adds, and nothing that tells of this machine."""
        key = {"Authorization": f"Bearer {self.config.api_key}"} if self.config.api_key else {}
        return {"User-Agent": "Inglenook", "Accept-Encoding": "identity"} | key | self.config.parameters.headers

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
    """What it can do. It is local only where the server is; a server that has others write for it says so here."""


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a server is with bringing a model to itself."""

    status: str
    """What it does, in its own words."""
    done: int = 0
    """Bytes that it has of the file that it is at."""
    total: int = 0
    """Bytes that this file has; 0 where it does not tell."""


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
    options: _Options = EngineConfig
    """What `options` of a section of this type may have; `Provider.options` is one of these."""
    loaded: Callable[[Provider], Awaitable[frozenset[str]]] | None = None
    """Asks which models the server holds in memory; None where it does not tell."""
    load: Callable[[Provider, str], Awaitable[None]] | None = None
    """Brings a model into the server's memory; None where that is not for others to say."""
    unload: Callable[[Provider, str], Awaitable[None]] | None = None
    """Takes a model out of the server's memory; None where that is not for others to say."""
    pull: Callable[[Provider, str], AsyncGenerator[PullProgress, None]] | None = None
    """Has the server download a model; None where it cannot."""
    api: int = API
    """The plugin interface it was written for."""
