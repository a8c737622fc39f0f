"""Where connections come in: no more of them than there is room for, and none that says nothing."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from assistant.http.peer import address, is_loopback

__all__ = ["Threshold"]


class Threshold(asyncio.Protocol):
    """Hands a connection to the server, or ends it where too many are open.

    Of an address other than this machine's it takes half of them, so that one that opens many leaves room for others.
    """

    def __init__(self, server: web.Server, most: int) -> None:
        self._server = server
        self._most = most

    @classmethod
    def factory(cls, server: web.Server, most: int) -> Callable[[], "Threshold"]:
        """Return what makes one for each connection to a server that may have *most* open."""
        return lambda: cls(server, most)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the connection in, or not."""
        assert isinstance(transport, asyncio.Transport)
        where, present = address(transport.get_extra_info("peername")), self._server.connections
        if len(present) >= self._most or self._has_its_share(where, present):
            transport.abort()
            return
        protocol = self._server()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def _has_its_share(self, where: str, present: list[web.RequestHandler]) -> bool:
        if is_loopback(where) or len(present) < self._most // 2:
            return False
        return sum(address(each.peername) == where for each in present) >= self._most // 2
