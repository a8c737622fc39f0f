"""A muted device in the voice loop: the source is closed, turns end, nothing opens it but the unmute."""

import asyncio
from contextlib import aclosing

import pytest

from assistant import DeviceError, EventType, Kind
from assistant.controls import Controls
from assistant.testing import FakeChat, FakeSource, FakeStt, fake_spec, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2)]


def test_a_mute_closes_the_source_and_an_unmute_opens_it() -> None:
    room = Room([])

    async def main() -> None:
        async with room.opened() as listener:
            await listener.listening.wait()
            assert room.controls.device("room").captured
            await room.controls.mute("room")
            await asyncio.sleep(0.1)
            assert not room.controls.device("room").captured
            assert not listener.listening.is_set()
            assert listener.failure is None
            await asyncio.sleep(100)
            assert not room.controls.device("room").captured
            await room.controls.unmute("room", here=True)
            await asyncio.sleep(0.1)
            assert room.controls.device("room").captured
            assert listener.listening.is_set()

    run_in_virtual_time(main())


def test_a_device_that_starts_muted_is_settled_and_hears_nothing() -> None:
    room = Room(ASKED * 3, FakeStt(["Hello?"] * 3), FakeChat(["Hi."] * 3))

    async def main() -> None:
        await room.controls.mute("room")
        async with room.opened() as listener:
            await listener.settled.wait()
            assert listener.failure is None
            await asyncio.sleep(20)
            with pytest.raises(DeviceError, match="room is muted"):
                listener.begin("jarvis", None, 0.0)

    run_in_virtual_time(main())
    assert room.types() == []


def test_a_mute_ends_a_turn_that_listens_without_a_word() -> None:
    room = Room([*quiet(1), MARKER, *quiet(0.4), *voice(20)])

    async def main() -> None:
        async with room.opened():
            await room.until(lambda: room.said(EventType.STT_VAD_START))
            await room.controls.mute("room")
            await asyncio.sleep(20)

    run_in_virtual_time(main())
    assert [receipt.outcome for receipt in room.receipts] == ["interrupted"]
    assert not room.sink.heard


def test_an_answer_is_finished_although_the_microphone_is_closed() -> None:
    room = Room(ASKED, FakeStt(["Tell me something."]), FakeChat(["word " * 30]))

    async def main() -> None:
        async with room.opened():
            await room.until(lambda: room.sink.heard)
            await room.controls.mute("room")
            await asyncio.sleep(20)
            assert not room.controls.device("room").captured

    run_in_virtual_time(main())
    assert [receipt.outcome for receipt in room.receipts] == ["answered"]


def test_a_mute_that_is_asked_for_is_answered_and_then_nobody_is_heard() -> None:
    room = Room([*ASKED, *quiet(12), *ASKED], FakeStt(["Mute.", "Hello?"]), FakeChat(["Hi."]))
    run_in_virtual_time(room.live(40))
    assert room.controls.muted("room")
    assert [receipt.outcome for receipt in room.receipts] == ["answered"]
    assert " ".join(room.tts.said).startswith("My microphone is off now.")
    assert not room.chat.requests


def test_nobody_else_hears_anything_through_the_source() -> None:
    async def main() -> None:
        controls = Controls(["room"])
        guarded = controls.guarded("room", fake_spec("microphone", Kind.SOURCE, FakeSource([])))
        async with guarded.open(guarded.config()) as source, aclosing(source.capture()) as heard:
            await anext(heard)
            await controls.mute("room")
            with pytest.raises(DeviceError, match="room is muted"):
                await anext(heard)
            assert not controls.device("room").captured
            with pytest.raises(DeviceError, match="room is muted"):
                await anext(source.capture())

    run_in_virtual_time(main())


def test_a_source_that_ends_is_not_taken_for_muted() -> None:
    async def main() -> None:
        controls = Controls(["room"])
        ending = FakeSource(quiet(1), forever=False)
        guarded = controls.guarded("room", fake_spec("microphone", Kind.SOURCE, ending))
        async with guarded.open(guarded.config()) as source:
            assert len([chunk async for chunk in source.capture()]) == len(quiet(1))
        assert not controls.device("room").captured

    run_in_virtual_time(main())


def test_a_chime_answers_the_wake_word_and_is_no_part_of_the_answer() -> None:
    room = Room([*quiet(1), MARKER, *quiet(12)])

    async def main() -> None:
        await room.controls.set_chime("room", True)
        async with room.opened():
            await asyncio.sleep(20)

    run_in_virtual_time(main())
    assert room.sounded == pytest.approx(0.14, abs=0.01)
    [receipt] = room.receipts
    assert (receipt.outcome, receipt.parts) == ("nothing", {})
    assert not room.chat.requests
