"""`/events`: what happens during turns, as server-sent events.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from aiohttp import web

from assistant.access import Scope
from assistant.events import EventBus, TurnEvent
from assistant.http.problem import Problem
from assistant.http.route import Route
from assistant.http.streaming import EVENTS, Reader

__all__ = ["EventDoor"]

_KEEPALIVE = 15.0
"""Seconds of quiet after which a comment is sent, so that a dead connection is noticed."""
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
        return [Route("GET", "/events", self._stream, Scope.HOME, media=(EVENTS,), hang_up=self.hang_up)]

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
            reader = await Reader.of(request, EVENTS)
            with suppress(ConnectionError):  # the reader has left
                await reader.send(b": events of turns follow\n\n")
                async with aclosing(self._events.subscribe()) as subscription:
                    while not self._closed:
                        await self._forward_next(subscription, reader)
            return reader.response
        finally:
            self._readers -= 1

    async def _forward_next(self, subscription: AsyncGenerator[TurnEvent, None], reader: Reader) -> None:
        event = asyncio.create_task(anext(subscription))
        self._awaited.add(event)
        try:
            while not (await asyncio.wait({event}, timeout=_KEEPALIVE))[0]:
                await reader.send(b": still here\n\n")
        finally:
            self._awaited.discard(event)
            event.cancel()
            await asyncio.wait({event})
        if not event.cancelled():
            await reader.send(_encode(event.result()))


def _encode(event: TurnEvent) -> bytes:
    body = {
        "turn": event.turn,
        "device": event.device,
        "timestamp": event.timestamp,
        "data": dict(event.data),
    }
    return f"event: {event.type}\ndata: {json.dumps(body, default=str)}\n\n".encode()
