"""Answer on one interface to those who look for an assistant. Imported once there is an interface to answer on."""

import logging
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from zeroconf import Error, Zeroconf
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from assistant.lan.identity import host_name, label
from assistant.lan.interfaces import Interface, interfaces

__all__ = ["FAILURES", "TYPE", "Advert", "answering"]

log = logging.getLogger(__name__)

TYPE = "_inglenook._tcp.local."
"""What an assistant is called on the network."""
FAILURES = (OSError, RuntimeError, TimeoutError, Error)
"""What comes of a network that is not there, or has no multicast."""
_COPIES = 9
"""Labels that are tried where copies of this machine, with its id, are on the network."""
_PROBE = 600
"""Milliseconds to wait for somebody who has the label already."""

logging.getLogger("zeroconf").setLevel(logging.ERROR)  # what strangers send is no news; our own failures are told here


@dataclass(frozen=True, slots=True)
class Advert:
    """What is told."""

    id: str
    """Who tells it: stays the same for ever."""
    name: str
    """What people call it."""
    port: int
    """Port of the HTTP door."""
    properties: Mapping[str, str]
    """The TXT record: `id`, `version`, `api`, `kinds`, `name`."""


@asynccontextmanager
async def answering(advert: Advert, interface: Interface) -> AsyncGenerator[str, None]:
    """Advertise on *interface* while the context lasts, and say goodbye at its end; yields the label that is used.

    Raises one of FAILURES where that cannot be done.
    """
    responder = AsyncZeroconf(interfaces=interface.senders)
    try:
        await responder.zeroconf.async_wait_for_start()
        _confine(responder.zeroconf, interface)
        service = await _service(responder.zeroconf, advert, interface)
        # Whether the name is free was asked above: zeroconf would take this machine's other interface for a stranger.
        await (await responder.async_register_service(service, cooperating_responders=True))
        yield service.name.removesuffix(f".{TYPE}")
    finally:
        await responder.async_close()


def _confine(zeroconf: Zeroconf, interface: Interface) -> None:
    """Bind the sockets to the interface: else questions of other networks would be answered with its addresses."""
    for reader in zeroconf.engine.readers:
        with suppress(OSError):  # forbidden in some containers, which have one network anyway
            reader.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.name.encode())


async def _service(zeroconf: Zeroconf, advert: Advert, interface: Interface) -> AsyncServiceInfo:
    """Return the records to tell, under a label that nobody else uses."""
    for number in range(1, _COPIES + 1):
        name = f"{label(advert.name, advert.id, number)}.{TYPE}"
        other = AsyncServiceInfo(TYPE, name)
        if not await other.async_request(zeroconf, _PROBE) or _is_ours(other):
            break
        log.warning(
            "%s is already %s on %s: if that machine is a copy of this one, remove the file instance-id from the state "
            "folder of one of them",
            ", ".join(other.parsed_addresses()),
            name.removesuffix(f".{TYPE}"),
            interface.name,
        )
    return AsyncServiceInfo(
        TYPE,
        name,
        port=advert.port,
        properties=dict(advert.properties),
        server=f"{host_name(advert.id, number)}.",
        parsed_addresses=list(interface.addresses),
    )


def _is_ours(other: AsyncServiceInfo) -> bool:
    """Tell whether that is this machine, heard by another of its interfaces in the same network."""
    ours = {address for interface in interfaces() for address in interface.addresses}
    return set(other.parsed_addresses()) <= ours
