"""Clients of `/v1/realtime` who mean harm: frames without end (T7), who leaves (T27), who does not listen (T28)."""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from assistant.http.realtime import door as way_in
from assistant.http.realtime import wire
from tests.http.realtime.conftest import KEY, Served

ASK = {"type": "response.create"}


def frame(data: bytes, *, kind: int = 1, final: bool = True) -> bytes:
    """Return a frame as clients send it (RFC 6455, 5.2), its mask nothing but zeros."""
    size = len(data)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 127]) + struct.pack(">Q", size)
    return bytes([(0x80 if final else 0) | kind]) + length + bytes(4) + data


@asynccontextmanager
async def knocked(door: Served) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter], None]:
    """Open a WebSocket by hand, for a client that takes as little as it can."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", door.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=1 << 16)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /v1/realtime HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {KEY}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    assert b" 101 " in await reader.readline()
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def until(done: Callable[[], object]) -> None:
    """Wait until *done*."""
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.01)


async def closed(reader: asyncio.StreamReader) -> None:
    """Wait until the other side has closed."""
    async with asyncio.timeout(30):
        try:
            while await reader.read(1 << 16):
                pass
        except ConnectionError:
            pass


async def still_open(door: Served) -> bool:
    """Tell whether the next client gets in."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session,
        session.ws_connect(f"{door.url}/v1/realtime") as talk,
    ):
        return bool((await talk.receive_json())["type"] == "session.created")


async def test_t7_pieces_of_a_frame_without_end_end_the_session(door: Served) -> None:
    piece = b"x" * 100_000
    async with door.opened():
        async with knocked(door) as (reader, writer):
            writer.write(frame(piece, final=False))
            try:
                for _ in range(100):
                    writer.write(frame(piece, kind=0, final=False))
                    await writer.drain()
            except ConnectionError:
                pass
            await closed(reader)
        assert await still_open(door)


async def test_t7_very_many_empty_pieces_hold_nobody_up(door: Served) -> None:
    async with door.opened(), knocked(door) as (_, writer):
        writer.write(frame(b"", final=False))
        for _ in range(20):
            writer.write(frame(b"", kind=0, final=False) * 5_000)
            assert await still_open(door)


async def test_t7_a_frame_that_claims_eight_exabytes_ends_the_session(door: Served) -> None:
    async with door.opened():
        async with knocked(door) as (reader, writer):
            writer.write(b"\x81\xff" + struct.pack(">Q", 1 << 62) + bytes(4))
            await closed(reader)
        assert await still_open(door)


async def test_t27_who_leaves_in_the_midst_of_an_answer_leaves_nothing_behind(door: Served) -> None:
    door.chat.script, door.chat.pace = ["One. " * 500] * 20, 0.01
    async with door.opened():
        for asked in range(1, 21):
            async with knocked(door) as (reader, writer):
                writer.write(frame(json.dumps(ASK).encode()))
                await reader.readuntil(b"response.output_audio.delta")
            await until(lambda asked=asked: len(door.chat.requests) == asked)  # type: ignore[misc]
        assert await still_open(door)
        await until(
            lambda: not [task for task in asyncio.all_tasks() if task.get_name().startswith(("realtime", "response"))]
        )
    assert door.chat.finished == 0


async def test_t28_who_does_not_listen_is_hung_up_on_and_others_are_served(
    door: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_STALLED", 0.5)
    hung_up, hang_up = asyncio.Event(), way_in._hang_up

    def noted(request: web.Request) -> None:
        hung_up.set()
        hang_up(request)

    monkeypatch.setattr(way_in, "_hang_up", noted)
    door.chat.script = ["One two three four. " * 3_000]
    async with door.opened(), knocked(door) as (reader, writer):
        writer.write(frame(json.dumps(ASK).encode()))
        await reader.readuntil(b"response.output_audio.delta")
        assert await still_open(door)
        async with asyncio.timeout(30):
            await hung_up.wait()
        assert await still_open(door)
        assert len(door.tts.said) < 3_000, "nobody speaks to nobody"
