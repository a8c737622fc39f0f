"""Keep the HTTP door advertised on the interfaces where it is open, whatever the network does."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.config import Config
from assistant.engines import API, Kind
from assistant.http.guard import is_loopback
from assistant.lan.identity import instance_id, shown_name
from assistant.lan.interfaces import Interface, interfaces, reached

if TYPE_CHECKING:
    from assistant.lan.responder import Advert

__all__ = ["advertise", "is_told"]

log = logging.getLogger(__name__)

_LOOK = 2.0
"""Seconds between two looks at the interfaces; asking the kernel takes a fraction of a millisecond."""
_OF_THE_ROOM = frozenset({Kind.SOURCE, Kind.SINK, Kind.ECHO, Kind.INTENT, Kind.CODEC})
"""Kinds that serve the room where the machine stands, or the machine itself, and nobody from afar."""


def is_told(config: Config) -> bool:
    """Tell whether there is a door that others on the network can reach, and may know of."""
    return config.http.enabled and config.lan.advertise and not is_loopback(config.http.host)


async def advertise(config: Config, kinds: Iterable[Kind], port: int) -> None:
    """Advertise the HTTP door on *port* until cancelled, then say goodbye.

    A network that is missing or fails is said once and tried again. Raises ServiceError where the state folder cannot
    be used.
    """
    # zeroconf takes a while to import, and a daemon that keeps to loopback has no use for it.
    from assistant.lan.responder import Advert

    id_, name = instance_id(), shown_name(config.lan.name)
    offered = sorted({str(kind) for kind in kinds if kind not in _OF_THE_ROOM})
    properties = {"id": id_, "version": __version__, "api": str(API), "kinds": ",".join(offered), "name": name}
    if config.http.certificate:
        properties["tls"] = "1"
    await _follow(Advert(id_, name, port, properties), config.http.host)


async def _follow(advert: "Advert", host: str) -> None:
    answering: dict[Interface, AsyncExitStack] = {}
    troubles: dict[str, str] = {}
    try:
        while True:
            present = await _present(host, troubles)
            await _close([answering.pop(interface) for interface in answering.keys() - present])
            for interface in sorted(present - answering.keys(), key=lambda i: i.index):
                if stack := await _begin(advert, interface, troubles):
                    answering[interface] = stack
            await asyncio.sleep(_LOOK)
    finally:
        await _close(answering.values())


async def _present(host: str, troubles: dict[str, str]) -> frozenset[Interface]:
    """Return where the door is reached at this moment."""
    try:
        found = interfaces()
        hosts = await _addresses(host)
    except OSError as error:
        _say(troubles, "any network", str(error))
        return frozenset()
    present = frozenset[Interface]().union(*(reached(address, found) for address in hosts))
    _say(troubles, "any network", "" if present else f"there is none on which {host or 'this machine'} is reached")
    return present


async def _addresses(host: str) -> set[str]:
    """Return the addresses of *host*, which is an address, or a name that is looked up like the door did."""
    if not host or _is_address(host):
        return {host}
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return {str(address[0]) for *_, address in found}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


async def _begin(advert: "Advert", interface: Interface, troubles: dict[str, str]) -> AsyncExitStack | None:
    """Advertise on an interface; None where it fails."""
    from assistant.lan.responder import FAILURES, answering

    stack = AsyncExitStack()
    try:
        label = await stack.enter_async_context(answering(advert, interface))
    except FAILURES as error:
        _say(troubles, interface.name, str(error) or type(error).__name__)
        return None
    _say(troubles, interface.name, "")
    log.info("advertised on %s (%s) as %s", interface.name, ", ".join(interface.addresses), label)
    return stack


async def _close(stacks: Iterable[AsyncExitStack]) -> None:
    """Say goodbye on several interfaces at once."""
    for ended in await asyncio.gather(*(stack.aclose() for stack in stacks), return_exceptions=True):
        if isinstance(ended, Exception):
            log.debug("the goodbye failed: %s", ended)


def _say(troubles: dict[str, str], where: str, reason: str) -> None:
    """Log why it is not advertised somewhere, once for as long as the reason stays the same."""
    if reason and troubles.get(where) != reason:
        log.warning("not advertised on %s: %s; tried again every %g s", where, reason, _LOOK)
    troubles[where] = reason
