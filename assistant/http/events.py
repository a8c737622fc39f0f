"""`/events`: what happens during turns, as server-sent events.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from assistant.access import Scope
from assistant.events import EventBus, TurnEvent
from assistant.http.problem import Problem
from assistant.http.route import Route

__all__ = ["EventDoor"]

_KEEPALIVE = 15.0
"""Seconds of quiet after which a comment is sent, so that a dead connection is noticed."""
_STALLED = 10.0
"""Seconds that a reader may take to accept an event before it is hung up on."""
_MOST = 32
"""Readers at once."""


class EventDoor:
    """The door, and who stands in it."""

    def __init__(self, events: EventBus) -> None:
        self._events = events
        self._readers = 0
        self._closed = False
        self._awaited: set[asyncio.Task[TurnEvent]] = set()

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("GET", "/events", self._stream, Scope.HOME)]

    async def hang_up(self, app: web.Application) -> None:
        """Let every stream come to its end, because the daemon stops."""
        self._closed = True
        for event in self._awaited:
            event.cancel()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Send every event from now on, until the reader leaves."""
        if self._readers >= _MOST:
            raise Problem(429, "too_many", f"{_MOST} readers are there already", headers={"Retry-After": "10"})
        self._readers += 1
        try:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
            await response.prepare(request)
            await response.write(b": events of turns follow\n\n")
            async with aclosing(self._events.subscribe()) as subscription:
                while not self._closed:
                    await self._forward_next(subscription, response)
        except ConnectionError:
            pass  # the reader has left
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()  # who does not read does not read a proper end either
        finally:
            self._readers -= 1
        return response

    async def _forward_next(self, subscription: AsyncGenerator[TurnEvent, None], response: web.StreamResponse) -> None:
        event = asyncio.create_task(anext(subscription))
        self._awaited.add(event)
        try:
            while not (await asyncio.wait({event}, timeout=_KEEPALIVE))[0]:
                await _write(response, b": still here\n\n")
        finally:
            self._awaited.discard(event)
            event.cancel()
            await asyncio.wait({event})
        if not event.cancelled():
            await _write(response, _encode(event.result()))


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(_STALLED):
        await response.write(data)


def _encode(event: TurnEvent) -> bytes:
    body = {
        "turn": event.turn,
        "device": event.device,
        "timestamp": event.timestamp,
        "data": dict(event.data),
    }
    return f"event: {event.type}\ndata: {json.dumps(body, default=str)}\n\n".encode()
