"""Where connections come in: no more of them than there is room for."""

import asyncio
import logging
import time

from aiohttp import web

from assistant.http.peer import address, is_loopback

__all__ = ["Threshold"]

log = logging.getLogger(__name__)

_QUIET = 60.0
"""Seconds for which it is not said again that some were turned away."""


class Threshold:
    """Makes what takes a connection, for a server that may have *most* of them open.

    Of an address other than this machine's it takes half of them, so that one that opens many leaves room for others.
    """

    def __init__(self, server: web.Server, most: int) -> None:
        self._server = server
        self._most = most
        self._said = float("-inf")

    def __call__(self) -> asyncio.Protocol:
        """Return what takes the next connection."""
        return _Arrival(self)

    def let_in(self, transport: asyncio.Transport) -> None:
        """Hand a connection to the server, or end it where there are too many."""
        where = address(transport.get_extra_info("peername"))
        if self._is_full(where):
            transport.abort()
            if time.monotonic() - self._said >= _QUIET:
                log.warning("too many connections are open: some of %s are turned away (http.connections)", where)
                self._said = time.monotonic()
            return
        protocol = self._server()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def _is_full(self, where: str) -> bool:
        present, share = self._server.connections, self._most // 2
        if len(present) >= self._most:
            return True
        if is_loopback(where) or len(present) < share:
            return False
        return sum(address(each.peername) == where for each in present) >= share


class _Arrival(asyncio.Protocol):
    """A connection of which nothing is known yet."""

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._threshold.let_in(transport)
