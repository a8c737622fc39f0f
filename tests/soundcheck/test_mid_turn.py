"""What becomes of a turn whose device or sound server goes away, with real engines; only the brain follows a script."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from assistant import EventType, TurnEvent
from assistant.demo import spoken_question
from assistant.soundcard import Port, SoundCard, sound_card
from assistant.testing import FakeChat
from tests.e2e.conftest import real_home
from tests.e2e.house import DEVICES, listening
from tests.e2e.test_recordings import data, spoken

pytestmark = pytest.mark.once

__all__ = ["real_home"]

LONG = "This is a long answer, so that there is time to pull out a cable while it is spoken aloud."


async def restarted(card: SoundCard) -> None:
    await card.restart()


async def replugged(card: SoundCard) -> None:
    await card.unplug("microphone")
    await card.unplug("speaker")
    await asyncio.sleep(1)
    await card.plug(Port("microphone", "microphone"))
    await card.plug(Port("speaker", "speaker", channels=2))


async def seen(events: list[TurnEvent], kind: EventType, times: int = 1) -> None:
    async with asyncio.timeout(60):
        while sum(event.type is kind for event in events) < times:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("fault", [restarted, replugged])
async def test_the_next_turn_is_answered(
    real_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[SoundCard], Awaitable[None]],
) -> None:
    said = await spoken_question(await spoken("Hey Jarvis!"), await spoken("What is the capital of Italy?"))
    events: list[TurnEvent] = []
    async with sound_card() as card:
        for variable, value in card.environment.items():
            monkeypatch.setenv(variable, value)
        async with listening(tmp_path, DEVICES, FakeChat([LONG, LONG, "It is Rome.", "It is Rome."]), events):
            await card.speak(said)
            await seen(events, EventType.TTS_START)
            await asyncio.sleep(1)
            await fault(card)
            await seen(events, EventType.RUN_END)
            async with asyncio.timeout(60):
                while not any("is back" in record.getMessage() for record in caplog.records):
                    await asyncio.sleep(0.1)
            await card.speak(said)
            await seen(events, EventType.RUN_END, 2)
    assert data(events, EventType.RUN_END, "outcome") == ["failed", "answered"]
    [error] = [event.data["message"] for event in events if event.type is EventType.ERROR]
    assert error == "speaker 'speaker' is gone"
    said_of_it = [record.getMessage() for record in caplog.records if record.name.startswith("assistant_pyaudio")]
    assert said_of_it == ["microphone 'microphone' is gone; waiting for it", "microphone 'microphone' is back"]
