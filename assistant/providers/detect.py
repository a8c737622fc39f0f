"""Find out which servers of models answer on a few machines, by what they answer. No network is searched."""

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from assistant.errors import AssistantError, ConfigError
from assistant.providers.config import ProviderConfig, ProviderParameters
from assistant.providers.spec import Provider, ProviderSpec
from assistant.streams import heed_cancellation

__all__ = ["HERE", "Found", "Place", "detect", "places"]

HERE = "127.0.0.1"
"""This machine."""
_CONNECT = 2.0
"""Seconds in which a server takes a connection, or is not there."""
_PAGE = 3.0
"""Seconds in which it answers one question."""
_TYPE = 15.0
"""Seconds in which it is known whether it is of one type; the first of them loads what asks."""
_AT_ONCE = 16
"""Places that are looked at together."""
_QUESTIONS = 4
"""Types that one server is asked for together: some of them do one thing at a time."""

_HOST = re.compile(r"(?:(?P<name>[\w.-]+)|\[(?P<address>[\da-fA-F:.]+)\])(?::(?P<port>\d{1,5}))?")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server may be."""

    host: str
    """Name or address."""
    port: int
    """Port."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def of(cls, endpoint: str) -> "Place":
        """Return where an endpoint is."""
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        return cls(HERE if host == "localhost" else host, parts.port or (443 if parts.scheme == "https" else 80))


@dataclass(frozen=True, slots=True)
class Found:
    """Something that answers."""

    place: Place
    """Where."""
    types: tuple[ProviderSpec, ...]
    """What it can be used as, the surest first; empty where no plugin knows it."""

    @property
    def endpoint(self) -> str:
        """Return the endpoint for the surest type; the place alone where no plugin knows it."""
        return _endpoint(self.types[0], self.place) if self.types else f"http://{self.place}"


def places(named: Sequence[str], specs: Iterable[ProviderSpec]) -> list[Place]:
    """Return where to look: at the ports that servers usually have on the hosts *named*, `HOST`, or at `HOST:PORT`.

    Raises ConfigError for what is no host, such as a network.
    """
    usual = sorted({Place.of(spec.endpoint).port for spec in specs if spec.endpoint})
    found = dict[Place, None]()
    for name in named:
        parts = _HOST.fullmatch(name)
        if not parts or int(parts["port"] or 0) > 65535:
            raise ConfigError(
                f"{name!r} is no host", hint="HOST, HOST:PORT or [ADDRESS]:PORT; networks are not searched"
            )
        host = parts["name"] or parts["address"]
        ports = [int(parts["port"])] if parts["port"] else usual
        found |= dict.fromkeys(Place(HERE if host == "localhost" else host, port) for port in ports)
    return [*found]


async def detect(where: Iterable[Place], specs: Sequence[ProviderSpec]) -> list[Found]:
    """Return what answers at those places, in their order. It is asked for its public pages, without a key."""
    together = asyncio.Semaphore(_AT_ONCE)
    looked = await asyncio.gather(*(_look(place, specs, together) for place in where))
    return [one for one in looked if one is not None]


async def _look(place: Place, specs: Sequence[ProviderSpec], together: asyncio.Semaphore) -> Found | None:
    async with together:
        if not await _takes_connections(place):
            return None
        questions = asyncio.Semaphore(_QUESTIONS)
        told = await asyncio.gather(*(_is(spec, place, questions) for spec in specs))
    known = [spec for spec, is_it in zip(specs, told, strict=True) if is_it]
    return Found(place, tuple(sorted(known, key=lambda spec: _doubt(spec, place))))


async def _takes_connections(place: Place) -> bool:
    try:
        async with asyncio.timeout(_CONNECT):
            _, writer = await asyncio.open_connection(place.host, place.port)
    except (OSError, UnicodeError):  # a TimeoutError is an OSError
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def _is(spec: ProviderSpec, place: Place, questions: asyncio.Semaphore) -> bool:
    """Tell whether a server is of a type; one that fails at the question is not."""
    config = ProviderConfig(type=spec.type, parameters=ProviderParameters(timeout=_PAGE))
    provider = Provider("detected", _endpoint(spec, place), config, msgspec.convert({}, spec.options))
    async with questions:
        try:
            async with asyncio.timeout(_TYPE):
                return await spec.recognise(provider)
        except (AssistantError, TimeoutError) as error:
            log.debug("%s is not asked whether it is %s: %s", place, spec.title, error)
        except Exception as error:  # a plugin's own mistake, which hides no other type
            heed_cancellation(error)
            log.warning("%s cannot be asked whether it is %s: %s: %s", place, spec.title, type(error).__name__, error)
    return False


def _doubt(spec: ProviderSpec, place: Place) -> tuple[bool, bool, str]:
    """Return what sorts types: what speaks like many others, and so has no port of its own, is the least sure."""
    return not spec.endpoint, not spec.endpoint or Place.of(spec.endpoint).port != place.port, spec.type


def _endpoint(spec: ProviderSpec, place: Place) -> str:
    return f"http://{place}{urlsplit(spec.endpoint).path if spec.endpoint else '/v1'}"
