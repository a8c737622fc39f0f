"""A timer by voice, with a real daemon on a sound card: it rings where it was asked for, until somebody says so."""

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from assistant.audio import SPEECH, AudioChunk
from assistant.soundcard import Port, sound_card
from tests.e2e.test_recordings import spoken
from tests.running import Home, settled

pytestmark = pytest.mark.once

CONFIG = """
assistants: {jarvis: {chat: []}}
models:
  chat: null
  microphone: {engine: pyaudio-source, device: microphone}
  speaker: {engine: pyaudio-sink, device: speaker}
  kitchen-ears: {engine: pyaudio-source, device: hob}
  kitchen-voice: {engine: pyaudio-sink, device: horn}
devices:
  room: {duck: 1}
  kitchen: {source: kitchen-ears, sink: kitchen-voice, duck: 1}
http: {port: 0}
log: {level: info}
"""
CALL = "Hey Jarvis! Set a pizza timer for five seconds."
STOP = "Turn off the timer."
LOUD = 300
"""Of 32767: more than nothing, less than anything that is heard."""


def loudness(file: Path) -> list[int]:
    """Return the loudest sample of each second."""
    with wave.open(str(file)) as sound:
        rate = sound.getframerate() * sound.getnchannels()
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    return [int(np.abs(samples[at : at + rate].astype(int)).max()) for at in range(0, len(samples), rate)]


async def test_it_rings_where_it_was_asked_for_until_somebody_says_so(real_home: Path) -> None:
    pause = AudioChunk(bytes(SPEECH.size(0.5)), SPEECH)
    call, stop = await spoken(CALL), await spoken(STOP)
    async with sound_card() as card:
        await card.plug(Port("hob", "microphone"))
        await card.plug(Port("horn", "speaker", channels=2))
        home = Home(real_home, dict(card.environment))
        home.write(CONFIG)
        room, kitchen = real_home / "room.wav", real_home / "kitchen.wav"
        with home.daemon() as daemon:
            await asyncio.to_thread(daemon.ready)

            def ringing() -> bool:
                return any(timer["state"] == "ringing" for timer in daemon.ask("/api/timers")[1]["timers"])

            async with card.record(room), card.record(kitchen, "horn"):
                await card.speak([pause, *call, pause], "hob")
                await asyncio.to_thread(settled, lambda: ringing() or None)
                await asyncio.sleep(5)  # at least one ring, and what it is for
                assert await asyncio.to_thread(ringing)
                for _ in range(4):  # as somebody says it again who was not heard at once
                    await card.speak([pause, *stop, pause], "hob")
                    await asyncio.sleep(3)
                    if not await asyncio.to_thread(ringing):
                        break
                assert not await asyncio.to_thread(ringing)
                await asyncio.sleep(4)
            assert daemon.log.count("timer 1 rings") == 1
    assert max(loudness(room)) < LOUD, "it rings in the kitchen only"
    heard = [second > LOUD for second in loudness(kitchen)]
    assert sum(heard) >= 5, "the answer, the tone, and what it is for"
    assert not any(heard[-3:-1]), "silence"
