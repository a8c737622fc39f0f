"""The commands that need a sound card, on one made of nothing, with real engines."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from assistant.pipeline.wake_phrase import plain
from assistant.soundcard import SoundCard, sound_card
from assistant.testing import silence
from assistant.wav import read_speech
from tests.e2e.conftest import CONFIG
from tests.e2e.test_recordings import spoken


@pytest.fixture
async def card(real_home: Path) -> AsyncGenerator[SoundCard, None]:
    async with sound_card() as card:
        yield card


async def start(card: SoundCard, *arguments: str) -> asyncio.subprocess.Process:
    """Start the command line on the card's microphone and speaker."""
    command = [sys.executable, "-m", "assistant", "--config", str(CONFIG), *arguments]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *command, stdout=pipe, stderr=pipe, stdin=asyncio.subprocess.DEVNULL, env={**os.environ, **card.environment}
    )


async def finished(process: asyncio.subprocess.Process) -> str:
    """Return what a command printed that ended well."""
    async with asyncio.timeout(180):
        printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return printed.decode()


async def test_check_opens_everything(card: SoundCard) -> None:
    process = await start(card, "check", "--json")
    talking = asyncio.create_task(talk(card))
    try:
        findings = json.loads(await finished(process))
    finally:
        talking.cancel()
        await asyncio.wait({talking})
    assert {finding["state"] for finding in findings} == {"ok"}, findings


async def talk(card: SoundCard) -> None:
    """Say something again and again, so that the microphone is not silent."""
    words = await spoken("One, two, three, four, five, six, seven, eight, nine, ten.")
    while True:
        await card.speak(words)


async def test_check_says_that_a_microphone_is_silent(card: SoundCard) -> None:
    findings = json.loads(await finished(await start(card, "check", "--json")))
    warnings = [finding["text"] for finding in findings if finding["state"] == "warning"]
    assert len(warnings) == 1
    assert "digital silence" in warnings[0]


async def test_devices_are_listed(card: SoundCard) -> None:
    devices = json.loads(await finished(await start(card, "devices", "--json")))
    found = {(device["engine"], device["name"]): device for device in devices}
    assert found["pyaudio-source", "microphone"]["inputs"] > 0
    assert found["pyaudio-sink", "speaker"]["outputs"] > 0


async def test_say_is_heard_on_the_speaker(card: SoundCard, tmp_path: Path) -> None:
    async with card.record(tmp_path / "said.wav"):
        await finished(await start(card, "say", "The kettle is boiling."))
    heard = await finished(await start(card, "transcribe", str(tmp_path / "said.wav")))
    assert "kettle is boiling" in plain(heard)


async def test_listen_takes_one_turn_and_shows_it(card: SoundCard) -> None:
    question = [silence(0.5), *await spoken("What is the capital of Italy?")]
    process = await start(card, "listen")
    assert process.stdout is not None
    first = await asyncio.wait_for(process.stdout.readline(), 60)
    assert "speak now" in first.decode()
    await card.speak(question)
    shown = await finished(process)
    assert "capital of italy" in plain(shown)
    assert "rome" in plain(shown)
    assert "first_audio" in shown


async def test_a_recorded_question_is_answered_into_a_file(card: SoundCard, tmp_path: Path) -> None:
    await finished(await start(card, "say", "What is the capital of France?", "-o", str(tmp_path / "question.wav")))
    assert sum(chunk.duration for chunk in read_speech(tmp_path / "question.wav")) > 1
    answer = tmp_path / "answer.wav"
    shown = await finished(await start(card, "ask", "--audio", str(tmp_path / "question.wav"), "-o", str(answer)))
    assert "Paris" in shown
    assert "paris" in plain(await finished(await start(card, "transcribe", str(answer))))
