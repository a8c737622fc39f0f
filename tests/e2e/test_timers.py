"""A timer by voice, with real engines in a computed room: asked for, heard ringing, and stopped by a word."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from assistant import SPEECH, AudioChunk, EventType, Kind, TurnEvent, hookimpl
from assistant.assembly import Assembly, assemble
from assistant.config import load
from assistant.pipeline.listen import Listener
from assistant.pipeline.turn import Turn
from assistant.pipeline.utterance import Utterance, transcribe
from assistant.pipeline.wake_phrase import plain
from assistant.plugins import Plugins
from assistant.soundcard import Room
from assistant.testing import FakeChat, fake_spec, run_in_virtual_time
from assistant.timers.ringing import Ringer
from assistant.timers.timeline import Clocks, Timeline
from tests.e2e.conftest import EVEN
from tests.e2e.house import HOUSE, RATE, Air, House, Microphone, Speaker
from tests.e2e.test_recordings import collect, data, spoken

pytestmark = pytest.mark.once

CALL = "Hey Jarvis! Set a pizza timer for ten seconds."
STOP = "Stop!"


@asynccontextmanager
async def ringing_house(
    folder: Path, room: Room, events: list[TurnEvent]
) -> AsyncGenerator[tuple[House, Assembly], None]:
    """Listen in a room, with the default engines and no chat model, where timers ring; to be used in virtual time."""
    people, speaker, chat = Air(), Speaker(random.Random(1)), FakeChat()
    offered = [
        fake_spec("house-microphone", Kind.SOURCE, Microphone(people, speaker.air, room)),
        fake_spec("house-speaker", Kind.SINK, speaker),
        fake_spec("house-chat", Kind.CHAT, chat),
    ]
    plugins = Plugins.load()
    plugins.add("house", lambda: SimpleNamespace(assistant_engines=hookimpl(lambda: offered)))
    file = folder / "house.yaml"
    models = f"echo: {{engine: webrtc-aec, tail: 0.8}}, chat: {{engine: house-chat}}, {HOUSE}"
    file.write_text(f"models: {{{models}}}\ndevices: {{room: {{echo: echo, duck: 1}}}}\n")
    loaded = load(file, EVEN)
    async with assemble(loaded, plugins) as assembly:
        for model in assembly.models():
            await assembly.pool.open(model.id)
            await assembly.prepare(model.id)
        loop, timers = asyncio.get_running_loop(), assembly.timers
        timers._clocks = Clocks(loop.time, lambda: "boot", lambda: 1_795_435_200 + loop.time(), lambda: True)
        timers._timeline = Timeline(timers._clocks, None)
        listener = Listener("room", loaded.config.devices["room"], assembly.equipment)
        works = [listener.run(), timers.run(), Ringer(timers, {"room": listener}, assembly.equipment).run()]
        tasks = [asyncio.create_task(work) for work in (*works, collect(assembly.events.subscribe(), events))]
        await listener.listening.wait()
        try:
            yield House(people, speaker, chat, events), assembly
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def heard(home: House, assembly: Assembly, begin: float, end: float) -> str:
    """Return what Whisper understands of what the speaker said between two moments."""
    sound = home.speaker.air.part(round(begin * RATE), round(end * RATE))
    chunk = AudioChunk(np.clip(sound, -32768, 32767).astype("<i2").tobytes(), SPEECH, begin)
    turn = Turn(assembly.equipment, "jarvis", "room")
    return plain((await transcribe(Utterance((chunk,), begin, end, begin), turn, "en")).text)


def test_a_timer_is_asked_for_rings_and_is_stopped_by_voice(real_home: Path, tmp_path: Path) -> None:
    call, stop = asyncio.run(spoken(CALL)), asyncio.run(spoken(STOP))
    events: list[TurnEvent] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with ringing_house(tmp_path, Room(gain=0.3, delay=0.05, reverberation=0.2), events) as (home, assembly):
            timers = assembly.timers
            await asyncio.sleep(1)
            home.say(call)
            await home.until(turns=1)
            assert home.outcomes == ["answered"], home.texts
            assert not home.chat.requests, "no chat model is asked"
            (timer,) = timers.pending()
            assert (timer.name.lower(), timer.seconds) == ("pizza", 10)
            due = loop.time() + timers.left(timer)
            async with asyncio.timeout(60):
                while not timers.ringing():
                    await asyncio.sleep(0.05)
            assert loop.time() - due == pytest.approx(0, abs=0.5)
            await asyncio.sleep(7)
            said = await heard(home, assembly, due, loop.time())
            assert "pizza" in said
            assert "time is up" in said
            for _ in range(4):  # somebody who is not heard through the ring says it again
                home.say(stop)
                await asyncio.sleep(4)
                if not timers.ringing():
                    break
            assert data(events, EventType.TIMER_UPDATED, "outcome") == ["stopped"]
            silent = loop.time()
            await asyncio.sleep(10)
            assert np.abs(home.speaker.air.part(round((silent + 0.5) * RATE), round(loop.time() * RATE))).max() == 0
            assert len(data(events, EventType.TIMER_FINISHED, "timer")) == 1

    run_in_virtual_time(main())
