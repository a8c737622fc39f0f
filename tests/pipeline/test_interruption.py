"""People who talk into a reply, with fakes and virtual time."""

import asyncio
from typing import Any

import pytest

from assistant import SPEECH, EngineError, EventType
from assistant.config import DeviceConfig
from assistant.testing import FakeChat, FakeStt, FakeTts, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2)]
"""A wake word, a short pause, and a question of 1.2 s."""
LONG = " ".join(f"word{n}" for n in range(100)) + "."
"""A reply of ten seconds."""


def room(*heard: Any, stt: list[Any], chat: list[Any] | None = None) -> Room:
    """Make a room whose microphone hears the speaker, with a canceller; the reply is talked into after some 2 s."""
    sound = [*ASKED, *quiet(3), *(chunk for part in heard for chunk in part)]
    device = DeviceConfig(echo="echo")
    script, replies, tts = (
        FakeStt(["Tell me a story.", *stt]),
        FakeChat(chat or [LONG, "Noon."]),
        FakeTts(format=SPEECH),
    )
    return Room(sound, script, replies, tts, device=device, hears_itself=True)


def outcomes(room: Room) -> list[str]:
    return [receipt.outcome for receipt in room.receipts]


def texts(room: Room) -> list[str]:
    return [event["text"] for event in room.said(EventType.STT_END)]


def levels(room: Room) -> set[int]:
    """Return how loud the speaker was, as shares of the voice in percent."""
    whole = int.from_bytes(b"\x10\x20", "little")
    return {round(100 * int.from_bytes(chunk.audio[-2:], "little") / whole) for chunk in room.sink.heard}


def test_speech_ends_the_reply_and_is_the_next_question() -> None:
    house = room(voice(1.6), stt=["What time", "What time is it?"])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["interrupted", "answered"]
    assert texts(house) == ["Tell me a story.", "What time is it?"]
    assert house.stt.heard[-1] >= 0.4 + 1.6  # from a little before the first word on
    assert house.receipts[1].wake_word == ""


def test_only_what_was_heard_is_remembered() -> None:
    house = room(voice(1.6), stt=["What time", "What time is it?"])
    run_in_virtual_time(house.live(30))
    *_, question, reply, again = house.chat.requests[1].messages
    assert (question.text, again.text) == ("Tell me a story.", "What time is it?")
    heard = reply.text.split()
    assert heard == LONG.split()[: len(heard)] and 10 < len(heard) < 45


def test_it_stops_at_once() -> None:
    house = room(voice(1.6), stt=["What time", "What time is it?"], chat=[LONG, 9.0])
    run_in_virtual_time(house.live(9))
    began = 1 + 0.08 + 0.4 + 1.2 + 3  # of the interruption
    first = house.sink.heard[0].timestamp
    assert house.sink.heard[-1].end == pytest.approx(began + 0.56, abs=0.1)  # half a second of speech, in chunks
    assert house.sounded == pytest.approx(began + 0.56 - first, abs=0.1)


def test_where_no_echo_is_cancelled_only_the_stop_word_ends_it() -> None:
    house = room(voice(1.6), stt=["What time is it?"])
    house.device, house.hears_itself = DeviceConfig(), False
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["answered"]
    assert levels(house) == {100}


@pytest.mark.parametrize("words", ["Mhm.", "Yeah, okay.", "", "Word3 word4 word5.", "Word three word4 word5."])
@pytest.mark.parametrize("seconds", [0.24, 0.64])
def test_who_only_listens_and_the_echo_itself_do_not_end_it(words: str, seconds: float) -> None:
    house = room(voice(seconds), stt=[words] * 3)
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["answered"]
    assert house.sounded == pytest.approx(10.0, abs=0.3)
    assert {15, 100} <= levels(house)
    assert levels(house) - {15, 100} == set()  # each slice ends at the one or at the other
    assert house.sink.heard[-1].audio[-2:] == b"\x10\x20"  # it rose again


@pytest.mark.parametrize("seconds", [0.32, 0.8])
def test_a_stop_word_ends_it_however_short(seconds: float) -> None:
    house = room(voice(seconds), stt=["Stop!"])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["stopped"]
    assert house.sounded < 5


def test_a_short_word_that_is_no_stop_word_does_not_end_it() -> None:
    house = room(voice(0.32), stt=["Rome."])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["answered"]


def test_a_murmur_becomes_a_question() -> None:
    house = room(voice(1.6), stt=["Yeah.", "Yeah, but when?", "Yeah, but when was that?"])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["interrupted", "answered"]
    assert texts(house)[-1] == "Yeah, but when was that?"


def test_a_murmur_first_and_a_question_later() -> None:
    house = room(voice(0.64), quiet(2), voice(1.6), stt=["Mhm.", "Mhm.", "What time", "What time is it?"])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["interrupted", "answered"]
    assert texts(house)[-1] == "What time is it?"
    assert house.stt.heard[-1] == pytest.approx(0.4 + 1.6, abs=0.4)  # the murmur is no part of it


def test_a_slow_recogniser_loses_nothing_of_the_question() -> None:
    house = room(voice(2.4), stt=[2.0, "What time", *["What time is it?"] * 2])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["interrupted", "answered"]
    assert house.stt.heard[-1] >= 0.4 + 2.4


def test_a_recogniser_that_fails_does_not_end_the_reply() -> None:
    house = room(voice(0.64), stt=[EngineError("it broke"), EngineError("it broke")])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["answered"]
    assert house.sounded == pytest.approx(10.0, abs=0.3)
    assert not house.said(EventType.ERROR)


def test_the_second_reply_is_talked_into_as_well() -> None:
    house = room(
        *(voice(1.6), quiet(4), voice(1.6)),
        stt=["What time", "What time is it?", "And where", "And where am I?"],
        chat=[LONG, LONG, "At home."],
    )
    run_in_virtual_time(house.live(40))
    assert outcomes(house) == ["interrupted", "interrupted", "answered"]
    assert texts(house) == ["Tell me a story.", "What time is it?", "And where am I?"]


def test_a_wake_word_within_the_speech_is_cut_off() -> None:
    called = [*voice(0.72), MARKER, *voice(1.2)]
    house = room(called, stt=["Hey Jarvis", *["Hey Jarvis, what time is it?"] * 2])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["interrupted", "interrupted", "answered"]
    assert texts(house)[-1] == "what time is it?"
    assert house.receipts[-1].wake_word == "hey_jarvis"


def test_speech_at_the_very_end_of_the_reply_is_a_question_too() -> None:
    reply = " ".join(f"word{n}" for n in range(30)) + "."
    house = room(voice(1.6), stt=["What time", "What time is it?"], chat=[reply, "Noon."])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["answered", "answered"]
    assert texts(house)[-1] == "What time is it?"
    assert house.chat.requests[1].messages[-2].text == reply


def test_a_murmur_at_the_very_end_of_the_reply_is_none() -> None:
    reply = " ".join(f"word{n}" for n in range(28)) + "."
    house = room(voice(0.64), stt=["Mhm."] * 3, chat=[reply])
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["answered"]


def test_its_own_voice_does_not_interrupt_it() -> None:
    house = room(stt=["word1 word2"] * 9)
    run_in_virtual_time(house.live(30))
    assert outcomes(house) == ["answered"]
    assert len(house.stt.heard) == 1  # nothing was suspected but the question
    assert levels(house) == {100}


def test_nothing_is_left_running() -> None:
    house = room(voice(1.6), stt=[5.0, "never"])

    async def main() -> None:
        before = asyncio.all_tasks()
        async with house.opened() as listener:
            await house.until(lambda: len(house.stt.heard) == 2)
            assert listener.failure is None
        assert asyncio.all_tasks() == before

    run_in_virtual_time(main())
    assert outcomes(house) == ["interrupted"]
