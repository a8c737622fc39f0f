"""A person's recordings through the whole voice loop, with real engines."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from assistant import SPEECH, AudioChunk, EventType, TurnEvent, Voice
from assistant.assembly import assemble
from assistant.cli.say import said
from assistant.config import load
from assistant.convert import converted
from assistant.pipeline.listen import Listener
from assistant.pipeline.wake_phrase import plain
from assistant.testing import recordings, silence
from assistant.wav import read_speech, write_wav
from tests.e2e.conftest import CONFIG, EVEN

pytestmark = pytest.mark.once
needs_recordings = pytest.mark.skipif(recordings() is None, reason="INGLENOOK_TEST_DATA names no recordings")


@asynccontextmanager
async def room(sound: list[AudioChunk], folder: Path) -> AsyncGenerator[list[TurnEvent], None]:
    """Play *sound* to a device with real engines; yield the list in which the events appear."""
    write_wav(folder / "in.wav", sound)
    variables = {
        "INGLENOOK__MODELS__MICROPHONE__ENGINE": "wav-source",
        "INGLENOOK__MODELS__MICROPHONE__FILE": str(folder / "in.wav"),
        "INGLENOOK__MODELS__MICROPHONE__REALTIME": "true",
        "INGLENOOK__MODELS__SPEAKER__ENGINE": "wav-sink",
        "INGLENOOK__MODELS__SPEAKER__FILE": str(folder / "out.wav"),
        "INGLENOOK__MODELS__SPEAKER__REALTIME": "true",
        "INGLENOOK__MODELS__CHAT__TEMPERATURE": "0",  # the same reply each time, long enough to be interrupted
        "INGLENOOK__TIMEOUTS__STT": "60",
        "INGLENOOK__TIMEOUTS__CHAT": "60",
        "INGLENOOK__TIMEOUTS__TTS": "60",
    }
    loaded = load(CONFIG, variables)
    events: list[TurnEvent] = []
    async with assemble(loaded) as assembly:
        for model in assembly.models():
            await assembly.pool.open(model.id)
        listener = Listener("room", loaded.config.devices["room"], assembly.equipment)
        tasks = [asyncio.create_task(listener.run()), asyncio.create_task(collect(assembly.events.subscribe(), events))]
        try:
            yield events
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def collect(stream: AsyncGenerator[TurnEvent, None], events: list[TurnEvent]) -> None:
    async with aclosing(stream):
        async for event in stream:
            events.append(event)  # noqa: PERF401 - the list is read while it grows


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not done():
            await asyncio.sleep(0.1)


def data(events: list[TurnEvent], kind: EventType, key: str) -> list[str]:
    return [event.data[key] for event in events if event.type == kind]


def recording(name: str) -> list[AudioChunk]:
    folder = recordings()
    assert folder is not None
    return list(read_speech(folder / name))


async def spoken(text: str) -> list[AudioChunk]:
    """Let the default voice say *text*, as 16 kHz mono, the same each time: a voice's whim may be misheard."""
    async with assemble(load(CONFIG, EVEN)) as assembly, aclosing(said(assembly, text, "tts", Voice())) as speech:
        return [chunk async for chunk in converted(speech, SPEECH)]


@needs_recordings
@pytest.mark.parametrize(
    ("wake", "pause", "command", "understood"),
    [
        (
            "wake/alexa_test.wav",
            0.0,
            "speech/turn_off_all_of_the_lights_in_the_Office.wav",
            "the lights in the office",
        ),
        ("wake/alexa_test.wav", 0.4, "speech/set_a_timer_for_5_minutes.wav", "timer for five minutes"),
        ("wake/alexa_test.wav", 2.0, "speech/what_time_is_it.wav", "what time is it"),
    ],
    ids=["in one breath", "a short pause", "a long pause"],
)
async def test_a_wake_word_and_a_command(
    real_home: Path, wake: str, pause: float, command: str, understood: str
) -> None:
    sound = [silence(1.0), *recording(wake), silence(pause), *recording(command)]
    async with room(sound, real_home) as events:
        await until(lambda: bool(data(events, EventType.RUN_END, "outcome")))
    assert data(events, EventType.WAKE_WORD_END, "name") == ["alexa"]
    [text] = data(events, EventType.STT_END, "text")
    assert understood in plain(text).replace("5", "five")
    assert "alexa" not in plain(text)
    assert data(events, EventType.RUN_END, "outcome") == ["answered"]


async def test_stop_during_a_reply_ends_it(real_home: Path) -> None:
    question = await spoken("Hey Jarvis! Tell me a long story about the sea.")
    sound = [silence(1.0), *question, silence(4.5), *await spoken("Stop!")]
    async with room(sound, real_home) as events:
        await until(lambda: bool(data(events, EventType.RUN_END, "outcome")))
    assert data(events, EventType.RUN_END, "outcome") == ["stopped"]


async def test_the_wake_word_during_a_reply_begins_a_new_turn(real_home: Path) -> None:
    question = await spoken("Hey Jarvis! Tell me a long story about the sea.")
    again = await spoken("Hey Jarvis! What is the capital of Italy?")
    async with room([silence(1.0), *question, silence(4.5), *again], real_home) as events:
        await until(lambda: len(data(events, EventType.RUN_END, "outcome")) == 2)
    assert data(events, EventType.RUN_END, "outcome") == ["interrupted", "answered"]
    assert "capital of italy" in plain(data(events, EventType.STT_END, "text")[1])


async def test_other_speech_wakes_nobody(real_home: Path) -> None:
    talk = await spoken("The weather was fine yesterday, and we went to the market to buy some bread and apples.")
    async with room([silence(0.5), *talk, silence(0.5)], real_home) as events:
        await asyncio.sleep(8)
    assert {event.type for event in events} == {EventType.WAKE_WORD_START}  # it listened, and heard no call
