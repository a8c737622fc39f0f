"""How many responses `/v1/realtime` makes for a key: as many as it may send requests for chat."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from assistant.access import Scope
from assistant.access.keys import Keys
from assistant.config.doors import LimitsConfig
from assistant.state import State
from tests.http.realtime.conftest import Served, talking
from tests.http.realtime.test_hearing import SERVER, speak


@pytest.fixture
async def key(door: Served, home: Path, _nobody_waits: None) -> AsyncGenerator[str, None]:
    """A key that may have two responses."""
    door.limits = LimitsConfig(burst=2)
    async with State(home / "assistant.db") as state:
        door.keys = Keys(state.keys)
        yield await door.keys.create("phone", [Scope.AUDIO, Scope.CHAT])


async def test_a_response_takes_what_a_request_takes(door: Served, key: str) -> None:
    door.chat.script = ["Well."] * 9
    async with door.opened() as client:
        async with talking(client.with_options(api_key=key)) as talk:
            await talk.connection.response.create()
            await talk.answer()
            await talk.connection.response.create(response={"tool_choice": "required"})
            assert (await talk.until("error")).error.param == "tool_choice", "what cannot be made takes nothing"
            await talk.connection.response.create()
            await talk.answer()
            await talk.connection.response.create(event_id="third")
            error = (await talk.until("error")).error
            assert (error.type, error.code, error.event_id) == ("rate_limit_error", "rate_limit_exceeded", "third")
            assert "try again in 1 s" in error.message
            assert (await talk.so_far()).count("response.created") == len(door.chat.requests) == 2
        async with talking(client) as talk:
            for _ in range(3):
                await talk.connection.response.create()
                await talk.answer()
    assert not talk.errors, "the owner is not limited here"


async def test_what_is_said_is_written_down_and_not_answered_where_no_response_may_be_made(
    door: Served, key: str
) -> None:
    door.chat.script = ["Well."] * 9
    async with door.opened() as client, talking(client.with_options(api_key=key), **SERVER) as talk:
        for _ in range(2):
            door.stt.script = ["Hello."]
            await speak(talk, 1.0, 0.2)
            async with asyncio.timeout(20):
                while door.stt.script:  # a first draft, which is in vain
                    await asyncio.sleep(0.01)
            door.stt.script = ["Hello there."]
            await speak(talk, 0.5, 0.8)
            assert (await talk.answer()).status == "completed"
        asked, door.stt.script = len(door.chat.requests), ["Are you there?"]
        await speak(talk, 1.0, 0.8)
        told = await talk.until("conversation.item.input_audio_transcription.completed")
        assert told.transcript == "Are you there?"
        assert (await talk.until("error")).error.code == "rate_limit_exceeded"
        assert (await talk.so_far()).count("response.created") == 2
    assert len(door.chat.requests) == asked
