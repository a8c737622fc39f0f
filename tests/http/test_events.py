"""`/events`: server-sent events of turns, for whoever has the key and reads."""

import asyncio
import json

import aiohttp
import pytest

from assistant import EventType, TurnEvent
from assistant.http import events, streaming
from tests.http.conftest import Door


def event(kind: EventType, **data: object) -> TurnEvent:
    return TurnEvent(kind, "t1", "room", 1.5, data)


async def reader(client: aiohttp.ClientSession) -> aiohttp.ClientResponse:
    """Begin to read."""
    answer = await client.get("/events")
    assert answer.status == 200
    assert answer.content_type == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert await answer.content.readuntil(b"\n\n") == b": events of turns follow\n\n"
    return answer


async def test_events_come_with_home_assistants_names(door: Door, client: aiohttp.ClientSession) -> None:
    async with await reader(client) as answer:
        for kind in EventType:
            door.bus.publish(event(kind, text="Grüße\n\ndata: forged"))
        for kind in EventType:
            name, data = (await answer.content.readuntil(b"\n\n")).decode().strip().split("\n")
            assert name == f"event: {kind.value}"
            body = {"turn": "t1", "device": "room", "timestamp": 1.5, "data": {"text": "Grüße\n\ndata: forged"}}
            assert json.loads(data.removeprefix("data: ")) == body


def test_the_names_are_home_assistants() -> None:
    own = {
        "device-changed",
        "provider-changed",
        "tool-start",
        "tool-end",
    }  # a pipeline of Home Assistant tells nothing of these
    satellites = {"timer-started", "timer-updated", "timer-cancelled", "timer-finished"}  # as Wyoming names them
    assert {kind.value for kind in EventType} - own - satellites == {
        "run-start",
        "run-end",
        "wake_word-start",
        "wake_word-end",
        "stt-start",
        "stt-vad-start",
        "stt-vad-end",
        "stt-end",
        "intent-start",
        "intent-progress",
        "intent-end",
        "tts-start",
        "tts-end",
        "error",
    }
    assert own | satellites < {kind.value for kind in EventType}


async def test_each_reader_gets_every_event(door: Door, client: aiohttp.ClientSession) -> None:
    async with await reader(client) as one, await reader(client) as two:
        door.bus.publish(event(EventType.RUN_START))
        for answer in (one, two):
            assert (await answer.content.readline()) == b"event: run-start\n"


async def test_what_is_no_json_does_not_end_the_stream(door: Door, client: aiohttp.ClientSession) -> None:
    async with await reader(client) as answer:
        door.bus.publish(event(EventType.INTENT_END, reply=object()))
        door.bus.publish(event(EventType.RUN_END))
        await answer.content.readuntil(b"\n\n")
        assert await answer.content.readline() == b"event: run-end\n"


async def test_t27_a_reader_that_leaves_is_forgotten(
    door: Door, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_KEEPALIVE", 0.01)
    for _ in range(events._MOST + 8):
        answer = await reader(client)
        answer.close()
        async with asyncio.timeout(30):
            while door.bus._subscribers:
                await asyncio.sleep(0.01)


async def test_a_quiet_stream_is_kept_alive(client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_KEEPALIVE", 0.01)
    async with await reader(client) as answer:
        assert await answer.content.readuntil(b"\n\n") == b": still here\n\n"


async def test_there_is_a_bound_on_readers(client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MOST", 1)
    async with await reader(client), client.get("/events") as answer:
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "10"


async def test_t28_who_does_not_read_is_hung_up_on(
    door: Door, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_STALLED", 0.2)
    lazy, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1024)
    key = client.headers["Authorization"]
    writer.write(f"GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: {key}\r\n\r\n".encode())
    await lazy.readuntil(b"follow\n\n")
    async with await reader(client) as other, asyncio.timeout(60):
        while len(door.bus._subscribers) == 2:
            door.bus.publish(event(EventType.INTENT_PROGRESS, delta="x" * 200_000))
            await other.content.readuntil(b"\n\n")
        assert len(door.bus._subscribers) == 1
        door.bus.publish(event(EventType.RUN_END))
        while await other.content.readline() != b"event: run-end\n":
            pass
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            while True:
                await lazy.readexactly(1024)
    writer.close()


async def test_readers_come_to_a_proper_end_when_the_daemon_stops(door: Door, client: aiohttp.ClientSession) -> None:
    async with await reader(client) as answer:
        await door.app.shutdown()
        async with asyncio.timeout(30):
            assert await answer.content.read() == b""
