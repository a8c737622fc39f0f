"""A proxy between the plugin and Home Assistant that makes some service calls fail, each time in another way."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import aiohttp
from aiohttp import web

Way = Literal["refused", "lost", "eaten", "half", "late", "error", "no answer", "unreadable"]
WAYS: dict[Way, str] = {
    "refused": "nothing is done, an error comes back",
    "lost": "nothing is done, success is told",
    "eaten": "nothing is done, no answer comes",
    "half": "the first thing only, or without its data; success is told",
    "late": "done two seconds after success is told",
    "error": "done, an error comes back",
    "no answer": "done, no answer comes",
    "unreadable": "done, and its state cannot be read any more",
}


class FaultyProxy:
    """Relays everything but every n-th service call, beginning with the *first*."""

    def __init__(
        self, upstream: str, session: aiohttp.ClientSession, every: int, first: int, ways: Iterator[Way]
    ) -> None:
        self.upstream = upstream
        self.session = session
        self.calls = 0
        self.logins = 0
        self.failed: list[Way] = []
        self.blind = set[str]()
        self.url = ""
        self._every = every
        self._first = first
        self._ways = ways
        self._sockets: set[web.WebSocketResponse] = set()

    async def hang_up(self) -> None:
        """End all connections."""
        for socket in list(self._sockets):
            await socket.close()

    async def state(self, request: web.Request) -> web.Response:
        if request.match_info["entity"] in self.blind:
            return web.Response(status=502)
        headers = {"Authorization": request.headers.get("Authorization", "")}
        async with self.session.get(f"{self.upstream}{request.path}", headers=headers) as response:
            return web.Response(body=await response.read(), status=response.status, content_type="application/json")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        self.logins += 1
        below = web.WebSocketResponse(max_msg_size=0)
        await below.prepare(request)
        self._sockets.add(below)
        async with self.session.ws_connect(f"{self.upstream}/api/websocket", max_msg_size=0) as above:
            link = _Link(above, below)
            relaying = asyncio.create_task(link.down())
            try:
                async for frame in below:
                    await self._up(json.loads(frame.data), link)
            finally:
                relaying.cancel()
                self._sockets.discard(below)
        return below

    async def _up(self, message: dict[str, Any], link: "_Link") -> None:
        number = message.get("id", 0)
        match way := self._way(message):
            case "refused":
                await link.below.send_json(_error(number))
            case "lost":
                await link.below.send_json(_success(number))
            case "eaten":
                pass
            case "half":
                await self._half(message, link)
            case "late":
                await link.below.send_json(_success(number))
                link.instead[number] = None
                await asyncio.sleep(2)
                await link.above.send_json(message)
            case "error" | "no answer":
                link.instead[number] = _error(number) if way == "error" else None
                await link.above.send_json(message)
            case _:
                if way == "unreadable":
                    self.blind |= set(message["target"]["entity_id"])
                await link.above.send_json(message)

    def _way(self, message: dict[str, Any]) -> Way | None:
        """Return how a message fails; None where it does not."""
        if message.get("type") != "call_service":
            return None
        self.calls += 1
        if not self._every or self.calls % self._every != self._first % self._every:
            return None
        self.failed.append(next(self._ways))
        return self.failed[-1]

    async def _half(self, message: dict[str, Any], link: "_Link") -> None:
        ids, data = message["target"]["entity_id"], message["service_data"]
        if len(ids) > 1:
            await link.above.send_json({**message, "target": {"entity_id": ids[:1]}})
        elif data and message["domain"] == "light":
            await link.above.send_json({**message, "service_data": {}})
        else:
            await link.below.send_json(_success(message["id"]))


class _Link:
    """The two sides of one connection."""

    def __init__(self, above: aiohttp.ClientWebSocketResponse, below: web.WebSocketResponse) -> None:
        self.above = above
        self.below = below
        self.instead: dict[int, dict[str, object] | None] = {}
        """What is sent instead of Home Assistant's answer, by the number of the command; None for nothing."""

    async def down(self) -> None:
        async for frame in self.above:
            message = json.loads(frame.data)
            if message.get("type") == "result" and message.get("id") in self.instead:
                if (instead := self.instead[message["id"]]) is not None:
                    await self.below.send_json(instead)
            else:
                await self.below.send_str(frame.data)
        await self.below.close()


def _success(number: int) -> dict[str, object]:
    return {"id": number, "type": "result", "success": True, "result": None}


def _error(number: int) -> dict[str, object]:
    error = {"code": "home_assistant_error", "message": "Failed to send request: device is unreachable"}
    return {"id": number, "type": "result", "success": False, "error": error}


@asynccontextmanager
async def faulty_proxy(
    upstream: str, every: int = 0, first: int = 0, ways: Iterator[Way] | None = None
) -> AsyncIterator[FaultyProxy]:
    """Serve on a port of its own; with *every* 0, nothing fails."""
    async with aiohttp.ClientSession() as session:
        proxy = FaultyProxy(upstream, session, every, first, ways or itertools.cycle(WAYS))
        app = web.Application()
        app.add_routes([web.get("/api/websocket", proxy.socket), web.get("/api/states/{entity}", proxy.state)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield proxy
        finally:
            await proxy.hang_up()
            await runner.cleanup()
