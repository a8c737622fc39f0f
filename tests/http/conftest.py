"""The HTTP door, really served, and clients that knock."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from assistant.config import HttpConfig
from assistant.events import EventBus
from assistant.http.app import make_app, serve

KEY = "a key of the tests"


@dataclass
class Door:
    """A served door."""

    bus: EventBus = field(default_factory=EventBus)
    """What `/events` tells."""
    closed: dict[str, str] = field(default_factory=dict)
    """What is not open."""
    app: web.Application = field(default_factory=web.Application)
    """What is served."""
    port: int = 0
    """Where."""

    @property
    def url(self) -> str:
        """Return where it is served."""
        return f"http://127.0.0.1:{self.port}"

    async def status(self, request: bytes) -> int:
        """Send the very bytes of a request and return the status of the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            await writer.drain()
            return int((await reader.readline()).split()[1])
        finally:
            writer.close()
            await writer.wait_closed()


async def _echo(request: web.Request) -> web.Response:
    return web.json_response({"size": len(await request.read())})


async def _fail(request: web.Request) -> web.Response:
    raise ValueError("a secret of the plugin")


@pytest.fixture
async def door() -> AsyncGenerator[Door, None]:
    door = Door()
    config = HttpConfig(port=0, key=KEY, hosts=["Kitchen.example"])
    plugin = [web.post("/echo", _echo), web.get("/fail", _fail)]
    door.app = make_app(config, door.bus, lambda: door.closed, {"mine": plugin})
    async with serve(door.app, config) as door.port:
        yield door


@pytest.fixture
async def client(door: Door) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """A program that has the key."""
    async with aiohttp.ClientSession(door.url, headers={"Authorization": f"Bearer {KEY}"}) as session:
        yield session


@pytest.fixture
async def stranger(door: Door) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """A program that has no key."""
    async with aiohttp.ClientSession(door.url) as session:
        yield session
