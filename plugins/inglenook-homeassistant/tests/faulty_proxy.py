"""A proxy between the plugin and Home Assistant that makes some service calls fail, each time in another way."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

WAYS = ("refused", "lost", "done, but an error")
"""Nothing is done and an error comes back; nothing is done and success is told; it is done and an error comes back."""


class FaultyProxy:
    """Relays everything but every n-th service call."""

    def __init__(self, upstream: str, session: aiohttp.ClientSession, every: int) -> None:
        self.upstream = upstream
        self.session = session
        self.every = every
        self.calls = 0
        self.failed: Counter[str] = Counter()
        self.url = ""
        self._ways = itertools.cycle(WAYS)
        self._sockets: set[web.WebSocketResponse] = set()

    async def hang_up(self) -> None:
        """End all connections, as a Home Assistant that restarts does."""
        for socket in list(self._sockets):
            await socket.close()

    async def states(self, request: web.Request) -> web.Response:
        headers = {"Authorization": request.headers.get("Authorization", "")}
        async with self.session.get(f"{self.upstream}{request.path}", headers=headers) as response:
            return web.Response(body=await response.read(), status=response.status, content_type="application/json")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        below = web.WebSocketResponse(max_msg_size=0)
        await below.prepare(request)
        self._sockets.add(below)
        swapped = set[int]()
        async with self.session.ws_connect(f"{self.upstream}/api/websocket", max_msg_size=0) as above:
            relaying = asyncio.create_task(self._down(above, below, swapped))
            try:
                async for frame in below:
                    await self._up(frame.data, above, below, swapped)
            finally:
                relaying.cancel()
                self._sockets.discard(below)
        return below

    async def _up(
        self,
        text: str,
        above: aiohttp.ClientWebSocketResponse,
        below: web.WebSocketResponse,
        swapped: set[int],
    ) -> None:
        message = json.loads(text)
        if message.get("type") == "call_service":
            self.calls += 1
            if self.every and self.calls % self.every == 0:
                way = next(self._ways)
                self.failed[way] += 1
                if way == "refused":
                    await below.send_json(_error(message["id"]))
                    return
                if way == "lost":
                    await below.send_json({"id": message["id"], "type": "result", "success": True, "result": None})
                    return
                swapped.add(message["id"])
        await above.send_str(text)

    async def _down(
        self, above: aiohttp.ClientWebSocketResponse, below: web.WebSocketResponse, swapped: set[int]
    ) -> None:
        async for frame in above:
            message = json.loads(frame.data)
            if message.get("type") == "result" and message.get("id") in swapped:
                await below.send_json(_error(message["id"]))
            else:
                await below.send_str(frame.data)


def _error(number: int) -> dict[str, object]:
    error = {"code": "home_assistant_error", "message": "Failed to send request: device is unreachable"}
    return {"id": number, "type": "result", "success": False, "error": error}


@asynccontextmanager
async def faulty_proxy(upstream: str, every: int) -> AsyncIterator[FaultyProxy]:
    """Serve on a port of its own; with *every* 0, nothing fails."""
    async with aiohttp.ClientSession() as session:
        proxy = FaultyProxy(upstream, session, every)
        app = web.Application()
        app.add_routes([web.get("/api/websocket", proxy.socket), web.get("/api/states/{entity}", proxy.states)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        proxy.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
        try:
            yield proxy
        finally:
            await runner.cleanup()
