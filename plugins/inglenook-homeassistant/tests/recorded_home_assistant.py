"""Home Assistant's side of the protocol, with the messages that 2025.4.4 sent (recorded.json)."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text("utf-8"))
TOKEN = "a-token-that-nobody-may-read"


class RecordedHomeAssistant:
    """Answers by the recording, and changes its states as the recorded one did."""

    def __init__(self) -> None:
        self.url = ""
        self.results = copy.deepcopy(RECORDED["results"])
        self.states = copy.deepcopy(RECORDED["states"])
        self.calls: list[dict[str, Any]] = []
        self.commands: list[str] = []
        self.logins = 0
        self.token = TOKEN
        self.refuses: set[str] = set()
        self.drops_calls = False
        self._sockets: dict[web.WebSocketResponse, dict[str, int]] = {}

    @property
    def is_connected(self) -> bool:
        """Return whether anybody is there."""
        return bool(self._sockets)

    async def tell(self, event: dict[str, Any], kind: str = "subscribe_entities") -> None:
        """Send an event to those who have subscribed to it."""
        for socket, subscriptions in self._sockets.items():
            if kind in subscriptions:
                await socket.send_json({"id": subscriptions[kind], "type": "event", "event": event})

    async def say(self, text: str) -> None:
        """Send something to everybody, whatever it is."""
        for socket in self._sockets:
            await socket.send_str(text)

    async def hang_up(self) -> None:
        """End all connections."""
        for socket in list(self._sockets):
            await socket.close()

    async def state(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        if (known := self.states.get(request.match_info["entity"])) is None:
            return web.json_response({"message": "Entity not found."}, status=404)
        return web.json_response({"state": known["s"], "attributes": known["a"]})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.logins += 1
        await socket.send_json(RECORDED["auth_required"])
        login = await socket.receive_json()
        if login != {"type": "auth", "access_token": self.token}:
            await socket.send_json(RECORDED["auth_invalid"])
            await socket.close()
            return socket
        await socket.send_json(RECORDED["auth_ok"])
        self._sockets[socket] = {}
        try:
            async for frame in socket:
                await self._answer(socket, json.loads(frame.data))
        finally:
            self._sockets.pop(socket, None)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        number, kind = message["id"], message["type"]
        self.commands.append(kind)
        if kind in self.refuses:
            error = {"code": "unauthorized", "message": "Unauthorized"}
            await socket.send_json({"id": number, "type": "result", "success": False, "error": error})
        elif kind in self.results:
            await socket.send_json({"id": number, "type": "result", "success": True, "result": self.results[kind]})
        elif kind == "subscribe_entities":
            self._sockets[socket][kind] = number
            await socket.send_json({"id": number, "type": "result", "success": True, "result": None})
            await self.tell({"a": self.states})
        elif kind == "subscribe_events":
            self._sockets[socket][message["event_type"]] = number
            await socket.send_json({"id": number, "type": "result", "success": True, "result": None})
        elif kind == "call_service":
            await self._call(socket, message)
        else:
            raise AssertionError(f"nothing was recorded for {kind}")

    async def _call(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        self.calls.append(message)
        if self.drops_calls:
            await socket.close()
            return
        brightness = message["service_data"].get("brightness_pct", 100)
        if brightness > 100:
            await socket.send_json({**RECORDED["refused"], "id": message["id"]})
            return
        for id_ in message["target"]["entity_id"]:
            self.states[id_]["s"] = "off" if message["service"] == "turn_off" else "on"
            self.states[id_]["a"]["brightness"] = round(brightness * 2.55)
            new = {"s": self.states[id_]["s"], "a": {"brightness": self.states[id_]["a"]["brightness"]}}
            await self.tell({"c": {id_: {"+": new}}})
        await socket.send_json({**RECORDED["call"], "id": message["id"]})


@asynccontextmanager
async def recorded_home_assistant(port: int = 0) -> AsyncIterator[RecordedHomeAssistant]:
    """Serve it on a port of its own, or on *port*."""
    recorded = RecordedHomeAssistant()
    app = web.Application()
    app.add_routes([web.get("/api/websocket", recorded.socket), web.get("/api/states/{entity}", recorded.state)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    recorded.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield recorded
    finally:
        await recorded.hang_up()
        await asyncio.sleep(0)
        await runner.cleanup()
