"""What rings, and what makes it stop, in a room in virtual time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assistant import AudioChunk, EventType, Played
from assistant import Kind as Engines
from assistant.config import DeviceConfig
from assistant.controls import Controls
from assistant.errors import DeviceError, ServiceError
from assistant.pipeline.listen import Listener
from assistant.state import State
from assistant.testing import FakeSink, FakeStt, fake_spec, run_in_virtual_time
from assistant.timers import Kind, Outcome, Timer, Timers
from assistant.timers.ringing import SNOOZE, Ringer
from assistant.timers.timeline import Clocks
from tests.pipeline.room import MARKER, Room, quiet, voice

SET = 2.0
"""Seconds of the timer in these tests."""


@asynccontextmanager
async def ringer(room: Room, file: Path, kitchen: str = "") -> AsyncGenerator[tuple[Timers, Listener], None]:
    """Let timers ring in a room, beside the voice loop, and in a *kitchen* with a speaker of that name."""
    loop = asyncio.get_running_loop()
    clocks = Clocks(loop.time, lambda: "boot", lambda: 1_795_435_200 + loop.time(), lambda: True)
    async with room.opened() as listener, State(file) as state:
        equipment = listener._equipment
        timers = Timers(state.timers, equipment.events, clocks=clocks)
        await timers.load()
        listeners = {"room": listener}
        if kitchen:
            listeners[kitchen] = Listener(kitchen, DeviceConfig(sink=kitchen), equipment)
        works = [timers.run(), Ringer(timers, listeners, equipment).run()]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield timers, listener
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


@pytest.fixture
def live(tmp_path: Path) -> Callable[..., None]:
    """Return what runs a scene in a room, in virtual time."""

    def run(room: Room, scene: Callable[[Room, Timers, Listener], Awaitable[None]]) -> None:
        async def main() -> None:
            async with ringer(room, tmp_path / "assistant.db") as (timers, listener):
                await scene(room, timers, listener)

        run_in_virtual_time(main())

    return run


async def start(timers: Timers, kind: Kind = Kind.TIMER, seconds: float = SET) -> Timer:
    text = "call mother" if kind is Kind.REMINDER else ""
    name = "" if text else "pizza"
    return await timers.add(Timer(kind=kind, name=name, text=text, seconds=seconds, device="room", assistant="jarvis"))


def outcomes(room: Room) -> list[str]:
    return [data["outcome"] for data in room.said(EventType.TIMER_UPDATED)]


def test_it_rings_in_time_and_says_its_name_with_a_voice_that_was_asked_before(live) -> None:
    async def scene(room: Room, timers: Timers, listener: Listener) -> None:
        await start(timers)
        await room.until(lambda: room.tts.said)
        assert room.sounded == 0
        room.tts.fails = DeviceError("the voice is gone")
        await room.until(lambda: timers.ringing())
        assert asyncio.get_running_loop().time() <= SET + 0.1
        await room.until(lambda: room.sounded > 2)
        await timers.stop(timers.ringing())
        silent = room.sounded
        await asyncio.sleep(20)
        assert room.sounded <= silent + 3  # the ring that was under way
        assert room.tts.said == ["Timer: pizza. Time is up."]

    live(Room([]), scene)


@pytest.mark.parametrize(
    ("word", "outcome"), [("Stop.", "stopped"), ("Turn off the timer.", "stopped"), ("Snooze", "snoozed")]
)
def test_a_word_ends_it_without_a_wake_word(live, word: str, outcome: str) -> None:
    async def scene(room: Room, timers: Timers, listener: Listener) -> None:
        await start(timers)
        await room.until(lambda: outcomes(room) == [outcome])
        assert not timers.ringing()
        left = [timers.left(timer) for timer in timers.pending()]
        assert left == ([] if outcome == "stopped" else [pytest.approx(SNOOZE, abs=1)])
        assert room.said(EventType.RUN_START) == []

    room = Room([*quiet(6), *voice(0.4)], stt=FakeStt([word]))
    live(room, scene)


def test_other_words_do_not_end_it_and_after_a_while_it_gives_up(live) -> None:
    async def scene(room: Room, timers: Timers, listener: Listener) -> None:
        await start(timers)
        await room.until(lambda: outcomes(room), patience=400)
        assert asyncio.get_running_loop().time() >= 300
        assert [timer.outcome for timer in timers.all()] == [Outcome.UNHEARD]
        assert len(room.said(EventType.TIMER_FINISHED)) == 1

    live(Room([*quiet(6), *voice(0.4)], stt=FakeStt(["What a noise"])), scene)


def test_the_wake_word_ends_it_and_the_turn_is_heard_without_it(live) -> None:
    async def scene(room: Room, timers: Timers, listener: Listener) -> None:
        await start(timers)
        await room.until(lambda: outcomes(room) == ["stopped"])
        before = room.sounded
        await room.until(lambda: room.said(EventType.RUN_END), patience=60)
        assert room.said(EventType.RUN_END)[0]["outcome"] == "answered"
        assert room.sounded - before == pytest.approx(0.2, abs=0.1)  # two words, and nothing else
        assert [timer.name for timer in timers.lately("room")] == ["pizza"]

    room = Room([*quiet(6), MARKER, *voice(0.8), *quiet(3)], stt=FakeStt(["What time is it?"]))
    room.chat.script.append("No idea")
    live(room, scene)


def test_it_waits_for_the_end_of_a_turn(live) -> None:
    async def scene(room: Room, timers: Timers, listener: Listener) -> None:
        await start(timers, seconds=3.5)
        await room.until(lambda: timers.ringing())
        assert listener.serving.is_set()
        assert room.said(EventType.TIMER_FINISHED)
        await room.until(lambda: room.said(EventType.RUN_END))
        assert outcomes(room) == []
        answered = room.sounded
        await room.until(lambda: room.sounded > answered + 1)
        assert timers.ringing()

    room = Room([*quiet(2), MARKER, *voice(1.6), *quiet(3)], stt=FakeStt(["Tell me a long story"]))
    room.chat.script.append("Once upon a time there was " + "a very " * 20 + "long day.")
    live(room, scene)


def test_a_muted_room_rings_until_it_is_stopped_otherwise(live) -> None:
    async def scene(room: Room, timers: Timers, listener: Listener) -> None:
        await room.controls.mute("room")
        await start(timers, Kind.REMINDER)
        await room.until(lambda: room.sounded > 3)
        await timers.stop(timers.ringing())
        assert "Reminder: call mother." in room.tts.said

    live(Room([]), scene)


def test_a_speaker_that_is_gone_is_tried_again(live) -> None:
    async def scene(room: Room, timers: Timers, listener: Listener) -> None:
        await start(timers)
        room.sink.fails = DeviceError("the speaker is gone")
        await room.until(lambda: room.sounded > 1)

    live(Room([]), scene)


def test_the_volume_of_the_device_holds(live) -> None:
    async def scene(room: Room, timers: Timers, listener: Listener) -> None:
        await room.controls.set_volume("room", 0)
        await start(timers)
        await room.until(lambda: room.sounded > 1)
        assert not any(any(piece.audio) for piece in room.sink.heard)

    live(Room([]), scene)


class Gone:
    """A speaker that was unplugged."""

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        async for _ in audio:
            raise DeviceError("the speaker is gone")
        yield Played(0.0, 0.0)


def test_another_device_rings_where_the_one_that_asked_gives_no_sound(tmp_path: Path) -> None:
    kitchen = FakeSink()
    specs = {
        "speaker": fake_spec("gone", Engines.SINK, Gone()),
        "kitchen": fake_spec("kitchen", Engines.SINK, kitchen),
    }
    room = Room([], specs=specs, controls=Controls(["room", "kitchen"]))

    async def main() -> None:
        async with ringer(room, tmp_path / "assistant.db", kitchen="kitchen") as (timers, _):
            await start(timers)
            await room.until(lambda: sum(piece.duration for piece in kitchen.heard) > 1)
            await timers.stop(timers.ringing())
            await timers.add(Timer(seconds=1, device="a door"))
            await room.until(lambda: len(kitchen.heard) > 40)

    run_in_virtual_time(main())


def test_a_full_disk_keeps_nothing_from_ringing_once(live, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(room: Room, timers: Timers, listener: Listener) -> None:
        await start(timers)
        full = True

        def broken(name: str) -> Callable[..., Awaitable[object]]:
            works = getattr(timers._store, name)

            async def write(*arguments: object) -> object:
                if full:
                    raise ServiceError("the disk is full")
                return await works(*arguments)

            return write

        for name in ("change", "remove", "see", "add"):
            monkeypatch.setattr(timers._store, name, broken(name))
        await room.until(lambda: room.sounded > 1)
        with pytest.raises(ServiceError):
            await start(timers)
        full = False
        await asyncio.sleep(5)
        assert len(timers.ringing()) == 1
        full = True
        await timers.stop(timers.ringing())
        await asyncio.sleep(5)
        assert not timers.ringing()
        full = False
        await asyncio.sleep(5)
        await timers.refresh()
        assert not timers.pending()
        assert len(room.said(EventType.TIMER_FINISHED)) == 1

    live(Room([]), scene)
