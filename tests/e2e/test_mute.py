"""A muted device with a real daemon on a sound card: its microphone is not recorded from, restart or not."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import EventType, TurnEvent
from assistant.pipeline.wake_phrase import plain
from assistant.soundcard import SoundCard, sound_card
from assistant.testing import FakeChat
from tests.e2e.house import DEVICES, listening
from tests.e2e.test_recordings import data, spoken, until
from tests.running import Daemon, Home

pytestmark = pytest.mark.once
EARS = """
from assistant import Capabilities, Kind, hookimpl
from assistant.testing import FakeVad, FakeWake, fake_spec

@hookimpl
def assistant_engines():
    return [fake_spec("fake-wake", Kind.WAKE, FakeWake()), fake_spec("fake-vad", Kind.VAD, FakeVad())]
"""
CONFIG = """
models:
  stt: {engine: fake-stt}
  tts: {engine: fake-tts}
  chat: {engine: fake-chat}
  turn: {engine: fake-turn}
  intent: {engine: fake-intent}
  wake: {engine: fake-wake}
  vad: {engine: fake-vad}
  microphone: {engine: pyaudio-source, device: microphone}
  speaker: {engine: pyaudio-sink, device: speaker}
http: {port: 0}
log: {level: info}
"""


@pytest.fixture
async def card(house: Home) -> AsyncGenerator[SoundCard, None]:
    """A sound card, and a home whose daemon listens on it."""
    async with sound_card() as card:
        house.variables |= card.environment
        house.write(CONFIG, ears=EARS)
        yield card


async def recorded(card: SoundCard) -> int:
    """Return how many programs record from the card's microphone now."""
    outputs = (await card._pactl("list", "short", "source-outputs")).splitlines()
    return len([line for line in outputs if line.strip()])


async def shown(daemon: Daemon) -> Any:
    """Return how the daemon shows the device."""
    status, body = await asyncio.to_thread(daemon.ask, "/api/devices/room")
    assert status == 200
    return body


async def ready(daemon: Daemon) -> None:
    await asyncio.to_thread(daemon.ready)


async def command(house: Home, *arguments: str) -> Any:
    """Run a command, and return the device as it prints it."""
    [device] = await asyncio.to_thread(house.json, *arguments)
    return device


async def until_recorded(card: SoundCard, wanted: int) -> None:
    async with asyncio.timeout(30):
        while await recorded(card) != wanted:
            await asyncio.sleep(0.1)


async def test_a_mute_closes_the_microphone_and_survives_restarts(card: SoundCard, house: Home) -> None:
    with house.daemon() as daemon:
        await ready(daemon)
        assert await recorded(card) == 1
        assert (await shown(daemon))["now"]["microphone"] == "open"
        muted = await command(house, "mute")
        assert (muted["muted"], muted["now"]["microphone"]) == (True, "closed")
        await until_recorded(card, 0)
        assert daemon.stop() == 0
    for number in (signal.SIGKILL, signal.SIGTERM):
        with house.daemon() as daemon:
            await ready(daemon)
            assert "room is muted: its microphone is closed" in daemon.log
            assert await recorded(card) == 0
            assert (await shown(daemon))["now"]["microphone"] == "closed"
            daemon.stop(number)
    with house.daemon() as daemon:
        await ready(daemon)
        assert not (await command(house, "unmute"))["muted"]
        await until_recorded(card, 1)
        assert daemon.stop() == 0


async def test_a_mute_needs_no_daemon_and_no_door(card: SoundCard, house: Home) -> None:
    assert (await command(house, "mute"))["muted"]
    house.variables["INGLENOOK__HTTP__ENABLED"] = "false"
    with house.daemon() as daemon:
        await asyncio.to_thread(daemon.logged, "ready\n")
        assert await recorded(card) == 0
        await command(house, "unmute")
        await until_recorded(card, 1)
        await command(house, "mute")
        await until_recorded(card, 0)
        assert daemon.stop() == 0


async def test_no_command_hears_anything_while_it_is_muted(card: SoundCard, house: Home) -> None:
    await command(house, "mute")
    done = await asyncio.to_thread(house.run, "listen")
    assert done.returncode == 69
    assert done.stderr.splitlines()[-2:] == ["assistant: room is muted", "  assistant unmute"]
    done = await asyncio.to_thread(house.run, "check", "--json")
    findings = [finding for finding in json.loads(done.stdout) if finding["what"].startswith("model microphone")]
    assert findings[-1]["state"] == "warning"
    assert "room is muted" in findings[-1]["text"]


async def test_volume_30_percent_is_heard(real_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call, set_ = await spoken("Hey Jarvis! Tell me a story."), await spoken("Hey Jarvis! Volume thirty percent.")
    events: list[TurnEvent] = []
    async with sound_card() as card:
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        chat = FakeChat(["Once upon a time there was a harbour."] * 9)
        async with listening(tmp_path, DEVICES, chat, events):
            loud = await answered(card, call, events, tmp_path / "loud.wav")
            await answered(card, set_, events, tmp_path / "set.wav")
            quiet = await answered(card, call, events, tmp_path / "quiet.wav")
    assert plain(data(events, EventType.INTENT_END, "reply")[1]) == "volume 30 percent"
    assert len(chat.requests) == 2
    assert loud > 1000
    assert 20 < loud / quiet < 60  # the cube of 0.3 is a 37th


async def answered(card: SoundCard, sound: Any, events: list[TurnEvent], file: Path) -> int:
    """Say something, and return how loud the loudest sample of the answer is."""
    turns = len(data(events, EventType.RUN_END, "outcome"))
    async with card.record(file):
        await card.speak(sound)
        await until(lambda: len(data(events, EventType.RUN_END, "outcome")) > turns)
    return loudest(file)


def loudest(file: Path) -> int:
    return int(np.abs(np.frombuffer(file.read_bytes()[44:], "<i2").astype(int)).max())
