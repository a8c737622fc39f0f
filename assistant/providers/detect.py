"""Find out which servers of models answer on a few machines, by what they answer. No network is searched."""

import asyncio
import itertools
import logging
import re
import ssl
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import msgspec

from assistant.errors import AssistantError, ConfigError
from assistant.providers.config import ProviderConfig, ProviderParameters
from assistant.providers.spec import Provider, ProviderSpec
from assistant.providers.trust import system_trust
from assistant.streams import heed_cancellation, in_thread

__all__ = ["HERE", "Found", "Place", "configured", "detect", "places", "sections"]

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

_HOST = re.compile(r"(?P<tls>https://)?(?:(?P<name>[\w.-]+)|\[(?P<address>[\da-fA-F:.]+)\])(?::(?P<port>\d{1,5}))?")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server may be."""

    host: str
    """Name or address."""
    port: int
    """Port."""
    tls: bool = False
    """Whether it speaks TLS."""

    def __str__(self) -> str:
        where = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        return f"https://{where}" if self.tls else where

    @property
    def url(self) -> str:
        """Return it as an address."""
        return str(self) if self.tls else f"http://{self}"

    @classmethod
    def of(cls, endpoint: str) -> "Place":
        """Return where an endpoint is."""
        parts = urlsplit(endpoint)
        tls = parts.scheme == "https"
        return cls(_spelled(parts.hostname or "", tls=tls), parts.port or (443 if tls else 80), tls)


@dataclass(frozen=True, slots=True)
class Found:
    """Something that answers."""

    place: Place
    """Where."""
    types: tuple[ProviderSpec, ...]
    """What it can be used as, the surest first; empty where no plugin knows it."""
    trouble: str = ""
    """Why it was not asked; empty where it was."""

    @property
    def endpoint(self) -> str:
        """Return the endpoint for the surest type; the place alone where no plugin knows it."""
        return _endpoint(self.types[0], self.place) if self.types else self.place.url


def places(named: Sequence[str], specs: Iterable[ProviderSpec]) -> list[Place]:
    """Return where to look: at the ports that servers usually have on the hosts *named*, `HOST`, or at `HOST:PORT`.

    `https://HOST` is looked at on port 443, by TLS alone, and `https://HOST:PORT` there. Raises ConfigError for what is
    no host, such as a network.
    """
    usual = sorted({Place.of(spec.endpoint).port for spec in specs if spec.endpoint})
    found = dict[Place, None]()
    for name in named:
        parts = _HOST.fullmatch(name)
        if not parts or int(parts["port"] or 0) > 65535:
            raise ConfigError(
                f"{name!r} is no host",
                hint="HOST, HOST:PORT, [ADDRESS]:PORT or https://HOST:PORT; networks are not searched",
            )
        tls = bool(parts["tls"])
        host = _spelled(parts["name"] or parts["address"], tls=tls)
        ports = [int(parts["port"])] if parts["port"] else [443] if tls else usual
        found |= dict.fromkeys(Place(host, port, tls) for port in ports)
    return [*found]


async def detect(where: Iterable[Place], specs: Sequence[ProviderSpec]) -> list[Found]:
    """Return what answers at those places, in their order. It is asked for its public pages, without a key.

    What is not understood without TLS is asked with it. Certificates are verified against the system's store; a server
    whose one is not trusted is asked nothing.
    """
    trust = await in_thread(system_trust)  # it reads many certificates
    together = asyncio.Semaphore(_AT_ONCE)

    async def look(place: Place) -> Found | None:
        async with together:
            return await _look(place, specs, trust)

    looked = await asyncio.gather(*map(look, where))
    return [one for one in looked if one is not None]


async def _look(place: Place, specs: Sequence[ProviderSpec], trust: ssl.SSLContext) -> Found | None:
    if not await _takes_connections(place):
        return None
    if not place.tls and (types := await _types(place, specs)):
        return Found(place, types)
    trouble, secured = await _handshake(place, trust), replace(place, tls=True)
    if trouble is None:
        return Found(place, (), "it speaks no TLS" if place.tls else "")
    return Found(secured, () if trouble else await _types(secured, specs), trouble)


async def _types(place: Place, specs: Sequence[ProviderSpec]) -> tuple[ProviderSpec, ...]:
    """Return what a server can be used as, the surest first."""
    questions = asyncio.Semaphore(_QUESTIONS)
    told = await asyncio.gather(*(_is(spec, place, questions) for spec in specs))
    known = [spec for spec, is_it in zip(specs, told, strict=True) if is_it]
    return tuple(sorted(known, key=lambda spec: _doubt(spec, place)))


async def _handshake(place: Place, trust: ssl.SSLContext) -> str | None:
    """Return why the certificate of a server is not trusted, empty where it is; None where it speaks no TLS."""
    try:
        async with asyncio.timeout(_PAGE):
            _, writer = await asyncio.open_connection(place.host, place.port, ssl=trust)
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not trusted: {error.verify_message}"
    except (OSError, UnicodeError):  # an SSLError and a TimeoutError are OSErrors
        return None
    await _close(writer)
    return ""


async def _takes_connections(place: Place) -> bool:
    try:
        async with asyncio.timeout(_CONNECT):
            _, writer = await asyncio.open_connection(place.host, place.port)
    except (OSError, UnicodeError):  # a TimeoutError is an OSError
        return False
    await _close(writer)
    return True


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PAGE):
            await writer.wait_closed()


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
    return f"{place.url}{urlsplit(spec.endpoint).path if spec.endpoint else '/v1'}"


def _spelled(host: str, *, tls: bool) -> str:
    """Return one spelling of a host; a certificate holds only for its own."""
    return HERE if host == "localhost" and not tls else host


def configured(providers: Mapping[str, ProviderConfig], usual: Mapping[str, str]) -> dict[Place, str]:
    """Return where the providers of the configuration are, and their names; *usual* is where a type is by itself."""
    where = {name: one.endpoint or usual.get(one.type, "") for name, one in providers.items()}
    return {Place.of(endpoint): name for name, endpoint in where.items() if endpoint}


def sections(found: Iterable[Found], taken: Collection[str]) -> dict[str, dict[str, str]]:
    """Return a section of the configuration for each that is known, by a name that is not *taken*: its type, with a
    number where that is, and such that a variable of the environment can spell it."""
    made = dict[str, dict[str, str]]()
    for one in found:
        if one.types:
            type_ = one.types[0].type
            own = re.sub(r"\W", "_", type_)
            names = itertools.chain([own], (f"{own}_{number}" for number in itertools.count(2)))
            name = next(name for name in names if name not in taken and name not in made)
            made[name] = {"type": type_, "endpoint": one.endpoint}
    return made
