"""Answers that are written while they are made: server-sent events, lines of JSON, sound."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

__all__ = ["EVENTS", "LINES", "Reader", "stream"]

log = logging.getLogger(__name__)

EVENTS = "text/event-stream"
"""Content type of server-sent events."""
LINES = "application/x-ndjson"
"""Content type of lines of JSON."""

_STALLED = 10.0
"""Seconds that a reader may take to accept what it is sent before it is hung up on."""


class Reader:
    """Who reads an answer. What is not read soon enough, or read by nobody, ends in ConnectionError."""

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self._request = request
        self._response = response

    @classmethod
    async def of(cls, request: web.Request, content_type: str) -> "Reader":
        """Begin the answer to a request."""
        headers = {"Content-Type": content_type, "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        return cls(request, response)

    @property
    def response(self) -> web.StreamResponse:
        """Return what was begun, as aiohttp wants it back."""
        return self._response

    async def send(self, data: bytes) -> None:
        """Send more; raises ConnectionError where nobody reads it."""
        try:
            async with asyncio.timeout(_STALLED):
                await self._response.write(data)
        except TimeoutError:
            self.hang_up()  # who does not read does not read a proper end either
            raise ConnectionResetError("the reader does not read") from None

    def hang_up(self) -> None:
        """Cut the connection, so that nobody takes for whole what is not."""
        if self._request.transport is not None:
            self._request.transport.abort()


async def stream(request: web.Request, content_type: str, pieces: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """Send *pieces* as they come; the answer begins with the first, so that what fails before has its own status.

    The pieces are closed where the reader leaves: nobody works for nobody. What can fail later is told by the pieces
    themselves, in the way of the door; anything else cuts the connection.
    """
    async with aclosing(pieces):
        first = await anext(pieces, b"")
        reader = await Reader.of(request, content_type)
        try:
            await reader.send(first)
            async for piece in pieces:
                await reader.send(piece)
        except ConnectionError:
            pass  # the reader has left
        except Exception:
            log.exception("%s %s failed after it had begun", request.method, request.path)
            reader.hang_up()
        return reader.response
