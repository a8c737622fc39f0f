"""Who may come in to `/v1/realtime`, what is refused, and how a session ends."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from assistant.access import Scope
from assistant.access.keys import Keys
from assistant.http.realtime import door as way_in
from assistant.state import State
from tests.http.realtime.conftest import KEY, Served, voice


@asynccontextmanager
async def socket(door: Served, key: str = KEY, query: str = "", **more: Any) -> AsyncGenerator[Any, None]:
    """Open a bare WebSocket."""
    headers = {"Authorization": f"Bearer {key}"} | more.pop("headers", {})
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{door.url}/v1/realtime{query}", headers=headers, **more) as talk,
    ):
        yield talk


async def refused(door: Served, **more: Any) -> int:
    """Return the status with which somebody is not let in."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with socket(door, **more):
            pass
    return caught.value.status


async def test_who_may_not_come_in_is_told_before_the_upgrade(door: Served, home: Path) -> None:
    async with State(home / "assistant.db") as state:
        door.keys = Keys(state.keys)
        ears, words = [await door.keys.create(str(scope), [scope]) for scope in (Scope.AUDIO, Scope.CHAT)]
        both = await door.keys.create("both", [Scope.AUDIO, Scope.CHAT])
        async with door.opened():
            assert await refused(door, key="wrong") == 401
            assert await refused(door, key="", protocols=("realtime", f"openai-insecure-api-key.{KEY}")) == 401
            assert await refused(door, protocols=("realtime", f"openai-insecure-api-key.{KEY}")) == 400
            assert await refused(door, key=ears) == await refused(door, key=words) == 403
            assert await refused(door, query="?model=nothing") == 404
            assert await refused(door, headers={"Origin": "https://evil.example"}) == 403
            assert await refused(door, headers={"Host": "evil.example"}) in (400, 403, 421)
            async with socket(door, both, "?model=jarvis", protocols=("realtime",)) as talk:
                told = await talk.receive_json()
                assert (told["type"], told["session"]["model"]) == ("session.created", "chat")
                assert talk.protocol == "realtime"


async def test_what_is_no_websocket_is_told_so(door: Served) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        door.opened(),
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{door.url}/v1/realtime") as answer,
    ):
        assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")
        assert (await answer.json())["error"]["code"] == "no_websocket"


async def test_there_are_only_so_many_sessions(door: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_in, "_MOST", 1)
    async with door.opened():
        async with socket(door) as talk:
            await talk.receive_json()
            assert await refused(door) == 429
        await asyncio.sleep(0.1)
        async with socket(door) as talk:
            assert (await talk.receive_json())["type"] == "session.created"


async def test_a_key_that_is_taken_back_ends_its_session(door: Served, home: Path) -> None:
    async with State(home / "assistant.db") as state:
        door.keys = Keys(state.keys)
        key = await door.keys.create("phone", [Scope.AUDIO, Scope.CHAT])
        async with door.opened(), socket(door, key) as talk:
            await talk.receive_json()
            await door.keys.revoke("phone")
            async with asyncio.timeout(5):
                ended = await talk.receive()
            assert ended.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_a_session_ends_where_the_daemon_stops(door: Served) -> None:
    door.chat.script, door.chat.pace = ["One. " * 500], 0.02
    async with door.opened():
        session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"})
        talk = await session.ws_connect(f"{door.url}/v1/realtime")
        await talk.send_json({"type": "response.create"})
        while (await talk.receive_json())["type"] != "response.output_audio.delta":
            pass
        reading = asyncio.create_task(_to_the_end(talk))
    await reading
    assert talk.close_code == aiohttp.WSCloseCode.GOING_AWAY
    assert door.chat.finished == 0
    await session.close()


async def _to_the_end(talk: Any) -> None:
    """Read all that comes, as clients do."""
    async for _ in talk:
        pass


async def test_t6_a_silent_client_is_left(door: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_in, "_QUIET", 0.2)
    async with door.opened(), socket(door) as talk:
        await talk.receive_json()
        ended = await talk.receive()
        assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.POLICY_VIOLATION)


async def test_t7_a_frame_that_is_too_large_ends_the_session(door: Served) -> None:
    async with door.opened(), socket(door) as talk:
        await talk.receive_json()
        await talk.send_str("x" * 2_000_001)
        ended = await talk.receive()
        assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.MESSAGE_TOO_BIG)


BAD: list[Any] = [
    "no JSON",
    "[" * 100_000,
    "[]",
    {"type": "nothing.known"},
    {"type": "session.update"},
    {"type": "session.update", "session": {"audio": {"input": {"format": {"type": "audio/opus"}}}}},
    {"type": "session.update", "session": {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 8000}}}}},
    {"type": "session.update", "session": {"output_audio_format": "g722"}},
    {"type": "session.update", "session": {"temperature": 9}},
    {"type": "session.update", "session": {"tools": [{"type": "function", "name": "auto"}]}},
    {"type": "session.update", "session": {"tool_choice": "required"}},
    {"type": "session.update", "session": {"turn_detection": {"type": "server_vad", "silence_duration_ms": -1}}},
    {"type": "input_audio_buffer.append", "audio": "no base64"},
    {"type": "input_audio_buffer.commit"},
    {"type": "conversation.item.truncate", "item_id": "nobody", "content_index": 0, "audio_end_ms": 0},
    {
        "type": "conversation.item.create",
        "item": {"type": "function_call", "call_id": "1", "name": "x", "arguments": "["},
    },
    {
        "type": "conversation.item.create",
        "item": {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_image", "image_url": "http://127.0.0.1:1/secret"}],
        },
    },
    {"type": "response.create", "response": {"conversation": "none"}},
    {"type": "response.create", "response": {"input": []}},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
async def test_what_cannot_be_is_told_and_the_session_goes_on(door: Served, bad: Any) -> None:
    async with door.opened(), socket(door) as talk:
        await talk.receive_json()
        event = bad if isinstance(bad, str) else json.dumps({"event_id": "mine", **bad})
        await talk.send_str(event)
        told = await talk.receive_json()
        assert (told["type"], told["error"]["event_id"]) == ("error", None if isinstance(bad, str) else "mine")
        assert told["error"]["type"] == "invalid_request_error" and told["error"]["message"]
        await talk.send_json({"type": "input_audio_buffer.clear"})
        assert (await talk.receive_json())["type"] == "input_audio_buffer.cleared"


async def test_t7_sound_that_nobody_commits_has_a_bound(door: Served) -> None:
    async with door.opened(), socket(door) as talk:
        await talk.send_json({"type": "session.update", "session": {"turn_detection": None}})
        for _ in range(6):
            await talk.send_json({"type": "input_audio_buffer.append", "audio": voice(25.0)})
        told = [await talk.receive_json() for _ in range(4)]
        assert [event["type"] for event in told] == ["session.created", "session.updated", "error", "error"]
        assert told[-1]["error"]["code"] == "input_audio_buffer_full"


async def test_the_names_of_the_beta_are_told_to_those_who_know_no_others(door: Served) -> None:
    door.chat.script = ["Well."]
    async with door.opened(), socket(door, headers={"OpenAI-Beta": "realtime=v1"}) as talk:
        created = (await talk.receive_json())["session"]
        assert created["modalities"] == ["text", "audio"] and created["turn_detection"]["type"] == "server_vad"
        await talk.send_json({"type": "session.update", "session": {"turn_detection": None, "voice": "alloy"}})
        assert (await talk.receive_json())["session"]["turn_detection"] is None
        await talk.send_json({"type": "response.create", "response": {"modalities": ["audio", "text"]}})
        told = [await talk.receive_json()]
        while told[-1]["type"] != "response.done":
            told.append(await talk.receive_json())
        types = [event["type"] for event in told]
        assert {"conversation.item.created", "response.audio.delta", "response.audio_transcript.done"} <= set(types)
        assert not any("output_audio" in kind or kind == "conversation.item.done" for kind in types)
        assert told[-1]["response"]["output"][0]["content"] == [{"type": "audio", "transcript": "Well."}]


async def test_the_beta_has_sessions_of_transcription_of_its_own(door: Served) -> None:
    door.stt.script = ["Dear Ada."]
    wanted = {
        "input_audio_format": "g711_ulaw",
        "input_audio_transcription": {"language": "en"},
        "turn_detection": None,
    }
    async with (
        door.opened(),
        socket(door, query="?intent=transcription", headers={"OpenAI-Beta": "realtime=v1"}) as talk,
    ):
        created = await talk.receive_json()
        assert created["type"] == "transcription_session.created"
        assert created["session"]["object"] == "realtime.transcription_session"
        assert created["session"]["input_audio_format"] == "pcm16" and "audio" not in created["session"]
        await talk.send_json({"type": "transcription_session.update", "session": wanted})
        updated = await talk.receive_json()
        assert updated["type"] == "transcription_session.updated"
        assert {key: updated["session"][key] for key in wanted} == wanted
        await talk.send_json({"type": "input_audio_buffer.append", "audio": voice(0.2)})
        await talk.send_json({"type": "input_audio_buffer.commit"})
        told = [await talk.receive_json()]
        while not told[-1]["type"].endswith("transcription.completed"):
            told.append(await talk.receive_json())
    assert told[-1]["transcript"] == "Dear Ada."
    kinds = [event["type"].removeprefix("conversation.item.") for event in told]
    assert kinds[:2] == ["input_audio_buffer.committed", "created"] and "done" not in kinds
    assert not door.chat.requests


async def test_a_conversation_is_not_set_as_a_session_of_transcription_is(door: Served) -> None:
    async with door.opened(), socket(door, headers={"OpenAI-Beta": "realtime=v1"}) as talk:
        assert (await talk.receive_json())["type"] == "session.created"
        await talk.send_json({"type": "transcription_session.update", "session": {"turn_detection": None}})
        assert "no session of transcription" in (await talk.receive_json())["error"]["message"]
