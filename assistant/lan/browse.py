"""Look for assistants and other services on the local network."""

import asyncio
from collections.abc import Callable

from zeroconf import Error, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from assistant.errors import ServiceError
from assistant.lan.interfaces import interfaces
from assistant.lan.neighbours import KINDS, MOST, Neighbours, Sighting, described

__all__ = ["browse"]

_ASK = 1500
"""Milliseconds to ask for the rest of an advert that came without address or port."""
_ASKING = 8
"""Adverts whose rest is asked for at once."""
_LOOK = 2.0
"""Seconds between two looks at the interfaces."""


async def browse(table: Neighbours, tell: Callable[[Sighting], None]) -> None:
    """Fill *table* with what is advertised and *tell* each change, until cancelled.

    Raises ServiceError where there is no network to look on.
    """
    try:
        senders = _senders()
        zeroconf = AsyncZeroconf(interfaces=senders) if senders else None
    except (OSError, RuntimeError) as error:
        raise ServiceError(f"the local network cannot be searched: {error}", hint="see `ip address`") from error
    if zeroconf is None:
        raise ServiceError("this machine is on no local network", hint="see `ip address`")
    async with zeroconf:
        search = _Search(zeroconf.zeroconf, table, tell)
        async with (
            AsyncServiceBrowser(zeroconf.zeroconf, list(KINDS), handlers=[search.notice]),
            asyncio.TaskGroup() as group,
        ):
            for number in range(_ASKING):
                group.create_task(search.ask(), name=f"ask {number}")
            group.create_task(_follow(zeroconf, senders), name="follow the interfaces")


class _Search:
    """What was heard, and what is still to be asked for."""

    def __init__(self, zeroconf: Zeroconf, table: Neighbours, tell: Callable[[Sighting], None]) -> None:
        self._zeroconf = zeroconf
        self._table = table
        self._tell = tell
        self._incomplete: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MOST * len(KINDS))

    def notice(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        """Take a change that zeroconf has seen: called by it, on the loop."""
        if state_change is ServiceStateChange.Removed:
            self._said(self._table.lose(service_type, name))
        elif self._table.has_room(service_type, name) and (service := _service(service_type, name)):
            if service.load_from_cache(zeroconf):
                self._take(service)
            elif not self._incomplete.full():
                self._incomplete.put_nowait((service_type, name))

    async def ask(self) -> None:
        """Ask for the rest of adverts, one after the other; who does not answer is left out."""
        while True:
            type_, name = await self._incomplete.get()
            service = _service(type_, name)
            if service and await service.async_request(self._zeroconf, _ASK) and self._table.has_room(type_, name):
                self._take(service)

    def _take(self, service: AsyncServiceInfo) -> None:
        found = described(
            service.type, service.name, service.parsed_scoped_addresses(), service.port or 0, service.properties
        )
        self._said(self._table.see(service.type, service.name, found))

    def _said(self, sighting: Sighting | None) -> None:
        if sighting:
            self._tell(sighting)


def _service(type_: str, name: str) -> AsyncServiceInfo | None:
    try:
        return AsyncServiceInfo(type_, name)
    except Error:  # a name that must not be
        return None


def _senders() -> list[str | int]:
    return [sender for interface in interfaces() for sender in interface.senders]


async def _follow(zeroconf: AsyncZeroconf, senders: list[str | int]) -> None:
    """Look on the interfaces that are there, which may change."""
    while True:
        await asyncio.sleep(_LOOK)
        if (present := _senders()) and present != senders:
            await zeroconf.async_update_interfaces(present)
            senders = present
