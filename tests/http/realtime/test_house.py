"""An assistant at `/v1/realtime`: what it does by itself, for whom, and what is told of it. Intents are real."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from assistant import Kind, hookimpl
from assistant.access import Scope
from assistant.assembly import Assembly, assemble
from assistant.config import load
from assistant.engines import AnySpec
from assistant.events import EventType, TurnEvent
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.http.realtime.report import Report
from assistant.http.realtime.response import Response
from assistant.pipeline.conversation import Conversation
from assistant.plugins import Plugins
from assistant.skill import Ask
from assistant.testing import FakeChat, FakeStt, FakeTts, FakeVad, fake_spec
from tests.http.realtime.conftest import KEY, Talk, quiet, talking, voice

CONFIG = f"""
models: {{stt: {{engine: s}}, chat: {{engine: c}}, tts: {{engine: t}}, vad: {{engine: v}}, intent: {{engine: hassil}},
         turn: null, wake: null, microphone: null, speaker: null}}
assistants: {{jarvis: {{turn: ""}}}}
devices: null
history: {{keep: 1d}}
http: {{port: 0, key: {KEY}}}
"""
LISTENS: Any = {"audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 300}}}}


@dataclass
class House:
    """An assistant whose ears, model and voice do as a script says."""

    stt: FakeStt = field(default_factory=FakeStt)
    chat: FakeChat = field(default_factory=lambda: FakeChat(pace=0.0))
    assembly: Assembly = field(init=False)
    port: int = 0

    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        return [
            fake_spec("s", Kind.STT, self.stt),
            fake_spec("c", Kind.CHAT, self.chat),
            fake_spec("t", Kind.TTS, FakeTts()),
            fake_spec("v", Kind.VAD, FakeVad()),
        ]

    @asynccontextmanager
    async def talk(self, key: str = KEY, model: str = "jarvis", **session: Any) -> AsyncGenerator[Talk, None]:
        """Begin a conversation."""
        async with (
            AsyncOpenAI(base_url=f"http://127.0.0.1:{self.port}/v1", api_key=key, max_retries=0) as client,
            talking(client, model, **session) as talk,
        ):
            yield talk

    @property
    def timers(self) -> list[str]:
        """Return the timers that run, by their names."""
        return sorted(timer.name for timer in self.assembly.timers.all())


@pytest.fixture
async def house(home: Path) -> AsyncGenerator[House, None]:
    import assistant_intents

    file = home / "assistant.yaml"
    file.write_text(CONFIG)
    house, plugins = House(), Plugins()
    plugins.add("fakes", lambda: house)
    plugins.add("intents", lambda: assistant_intents)
    loaded = load(file, {})
    async with assemble(loaded, plugins) as house.assembly:
        app = make_app(loaded.config.http, house.assembly.events, dict, {}, doors(house.assembly), house.assembly.keys)
        async with serve(app, loaded.config.http) as house.port:
            yield house


async def written(talk: Talk, text: str) -> str:
    """Write something, and return the words of the answer."""
    await talk.say(text)
    await talk.connection.response.create()
    (item,) = (await talk.answer()).output
    content = item.content[0]
    return str(content.text or content.transcript)


async def spoken(talk: Talk, seconds: float = 0.6) -> str:
    """Say something, then be silent, and return the words of the answer."""
    before = len(talk.told)
    for sound in [voice(0.1)] * round(10 * seconds) + [quiet(0.1)] * 12:
        await talk.connection.input_audio_buffer.append(audio=sound)
    assert (await talk.answer()).status == "completed"
    deltas = [event for event in talk.told[before:] if event.type == "response.output_audio_transcript.delta"]
    return "".join(event.delta for event in deltas)


async def _noted(house: House, told: list[TurnEvent]) -> None:
    """Note what happens until two turns have ended."""
    async with asyncio.timeout(20), aclosing(house.assembly.events.subscribe()) as events:
        async for event in events:
            told.append(event)
            if [event.type for event in told].count(EventType.RUN_END) == 2:
                return


async def test_a_timer_is_set_by_voice_as_at_a_microphone(house: House) -> None:
    house.stt.script, house.chat.script = ["Set a pizza timer for five minutes."] * 4, ["By Rayleigh."]
    told = list[TurnEvent]()
    listening = asyncio.create_task(_noted(house, told))
    async with house.talk(**LISTENS) as talk:
        assert await spoken(talk) == "Pizza timer set for 5 minutes."
        assert house.timers == ["pizza"] and not house.chat.requests
        house.stt.script = ["Why is the sky blue?"] * 4
        assert await spoken(talk) == "By Rayleigh."
        await listening
    turns = [event for event in told if event.type in (EventType.RUN_START, EventType.STT_END, EventType.RUN_END)]
    assert [event.type for event in turns][:3] == [EventType.RUN_START, EventType.STT_END, EventType.RUN_END]
    assert {event.device for event in turns} == {"realtime"} and len({event.turn for event in turns}) == 2
    assert [event.data["outcome"] for event in turns if event.type is EventType.RUN_END] == ["answered"] * 2
    second, first = await house.assembly.state.receipts.latest(2)
    assert (first.rung, first.assistant, first.person, first.outcome) == ("exact", "jarvis", "owner", "answered")
    assert (second.rung, second.models["chat"]) == ("chat", "chat")
    kept = [(exchange.said, exchange.heard) for exchange in await house.assembly.state.history.latest(2)]
    assert ("Set a pizza timer for five minutes.", "Pizza timer set for 5 minutes.") in kept and len(kept) == 2
    assert [message.text for message in house.chat.requests[0].messages[1:]] == [
        "Set a pizza timer for five minutes.",
        "Pizza timer set for 5 minutes.",
        "Why is the sky blue?",
    ]


async def test_what_is_asked_back_is_answered_by_the_next_turn_where_it_was_heard(house: House) -> None:
    house.chat.script = ["Which one?"]
    by_hand: Any = {"audio": {"input": {"turn_detection": None}}}
    async with house.talk(**by_hand) as talk:
        await written(talk, "Set a pizza timer for five minutes")
        await written(talk, "Set a tea timer for three minutes")
        assert await written(talk, "Cancel the timer") in ("Which timer: pizza or tea?", "Which timer: tea or pizza?")
        assert await written(talk, "The pizza one") == "The timer is cancelled: pizza."
        await written(talk, "Set a pizza timer for five minutes")
        await written(talk, "Cancel the timer")
        item = talk.told[-1].response.output[0]
        await talk.connection.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=100)
        await talk.until("conversation.item.truncated")
        assert await written(talk, "The pizza one") == "Which one?"
        assert house.timers == ["pizza", "tea"]


async def test_it_knows_what_it_said_and_takes_back_what_it_did(house: House) -> None:
    async with house.talk(output_modalities=["text"]) as talk:
        await written(talk, "Set a pizza timer for five minutes")
        assert await written(talk, "Say that again") == "Pizza timer set for 5 minutes."
        assert "“Say that again”" in await written(talk, "Why did you say that?")
        await written(talk, "Undo that")
        assert not house.timers and not house.chat.requests


@pytest.mark.parametrize("model", ["jarvis", "chat"])
async def test_nothing_is_done_for_whom_the_house_is_closed_or_who_asks_a_model(house: House, model: str) -> None:
    house.chat.script = ["I cannot."]
    scopes = [Scope.AUDIO, Scope.CHAT] + ([Scope.HOME] if model == "chat" else [])
    key = await house.assembly.keys.create("guest", scopes)
    async with house.talk(key, model, output_modalities=["text"]) as talk:
        assert await written(talk, "Set a timer for five minutes") == "I cannot."
    assert not house.timers and not await house.assembly.state.receipts.latest(2)


async def test_a_guest_with_the_scope_is_nobody_who_is_known(house: House) -> None:
    key = await house.assembly.keys.create("guest", [Scope.AUDIO, Scope.CHAT, Scope.HOME])
    async with house.talk(key, output_modalities=["text"]) as talk:
        assert await written(talk, "Set a timer for five minutes") == "Timer set for 5 minutes."
    (receipt,) = await house.assembly.state.receipts.latest(2)
    assert (receipt.person, receipt.outcome) == ("", "answered") and len(house.timers) == 1


@pytest.mark.usefixtures("_nobody_waits")
async def test_nothing_is_done_where_no_response_may_be_made(house: House) -> None:
    house.stt.script = ["Set a timer for five minutes."] * 4
    key = await house.assembly.keys.create("guest", [Scope.AUDIO, Scope.CHAT, Scope.HOME])
    async with house.talk(key, **LISTENS) as talk:
        for _ in range(30):
            await written(talk, "Say that again")
        for sound in [voice(0.1)] * 6 + [quiet(0.1)] * 12:
            await talk.connection.input_audio_buffer.append(audio=sound)
        assert (await talk.until("error")).error.code == "rate_limit_exceeded"
    assert not house.timers
    assert [receipt.outcome for receipt in await house.assembly.state.receipts.latest(1)] == ["failed"]


async def test_a_pause_sets_no_timer(house: House) -> None:
    house.stt.script = ["Set a timer for five minutes."] * 4
    async with house.talk(**LISTENS) as talk:
        for sound in [voice(0.1)] * 5 + [quiet(0.1)] * 2:
            await talk.connection.input_audio_buffer.append(audio=sound)
            await asyncio.sleep(0.1)
        assert not house.timers
        house.stt.script = ["Set a timer for five minutes and one second."] * 4
        assert "5 minutes and 1 second" in await spoken(talk)
    assert len(house.timers) == 1


async def test_who_leaves_while_speaking_ends_the_turn(house: House) -> None:
    async with house.talk(**LISTENS) as talk:
        for _ in range(5):
            await talk.connection.input_audio_buffer.append(audio=voice(0.1))
        await talk.until("input_audio_buffer.speech_started")
    async with asyncio.timeout(10):
        while not (receipts := await house.assembly.state.receipts.latest(2)):
            await asyncio.sleep(0.05)
    assert [receipt.outcome for receipt in receipts] == ["interrupted"]


@pytest.mark.parametrize("cancelled", [True, False])
def test_what_was_asked_while_somebody_talked_into_it_was_not_asked(cancelled: bool) -> None:
    nobody: Any = None
    conversation, response = Conversation("talk"), Response(nobody, nobody, nobody)
    conversation.asks = asks = Ask(nobody, ("pizza", "tea"))
    if cancelled:
        response.cancel("turn_detected")
    Report(nobody, told=False).answered("Cancel the timer.", response, conversation)
    assert conversation.asks is (None if cancelled else asks)
