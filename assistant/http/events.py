"""`/events`: what happens during turns, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
import json
from contextlib import aclosing, suppress

from aiohttp import web

from assistant.events import EventBus, TurnEvent

__all__ = ["routes"]

_KEEPALIVE = 15.0
"""Seconds of quiet after which a comment is sent, so that a dead connection is noticed."""
_STALLED = 10.0
"""Seconds that a reader may take to accept an event before it is hung up on."""
_MOST = 32
"""Readers at once."""


def routes(events: EventBus) -> list[web.RouteDef]:
    """Return the route."""
    readers: set[asyncio.Task[object]] = set()

    async def stream(request: web.Request) -> web.StreamResponse:
        """Send every event from now on, until the reader leaves."""
        if len(readers) >= _MOST:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "10"})
        task = asyncio.current_task()
        assert task is not None
        readers.add(task)
        try:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
            await response.prepare(request)
            await response.write(b": events of turns follow\n\n")
            await _forward(events, response)
        except (ConnectionError, TimeoutError):
            pass  # the reader has left, or does not read
        finally:
            readers.discard(task)
        return response

    async def hang_up(app: web.Application) -> None:
        for task in readers:
            task.cancel()

    return [web.get("/events", stream)]


async def _forward(events: EventBus, response: web.StreamResponse) -> None:
    async with aclosing(events.subscribe()) as subscription:
        following: asyncio.Task[TurnEvent] | None = None
        try:
            while True:
                following = following or asyncio.create_task(anext(subscription))
                done, _ = await asyncio.wait({following}, timeout=_KEEPALIVE)
                async with asyncio.timeout(_STALLED):
                    await response.write(_encode(following.result()) if done else b": still here\n\n")
                if done:
                    following = None
        finally:
            if following is not None:
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following


def _encode(event: TurnEvent) -> bytes:
    body = {
        "turn": event.turn,
        "device": event.device,
        "timestamp": event.timestamp,
        "data": dict(event.data),
    }
    return f"event: {event.type}\ndata: {json.dumps(body)}\n\n".encode()
