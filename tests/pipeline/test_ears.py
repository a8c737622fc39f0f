"""Several recognisers: another machine's hears what is over, this one's the drafts, and whatever nobody else hears."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from assistant import AudioChunk, Capabilities, EngineError, EngineUnavailable, EventType, Kind, SttOptions, Transcript
from assistant.config import AssistantConfig
from assistant.testing import FakeChat, FakeStt, FakeTts, fake_spec, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice
from tests.pipeline.test_drafts import ASKED, PAUSED

PATIENCE = 4.5 / 2
"""Seconds that another machine's recogniser has where one is here."""


@dataclass
class Elsewhere(FakeStt):
    """A recogniser of another machine."""

    asked: list[float] = field(default_factory=list)
    """When it was asked."""

    async def transcribe(
        self, audio: AsyncIterator[AudioChunk], options: SttOptions
    ) -> AsyncGenerator[Transcript, None]:
        self.asked.append(asyncio.get_running_loop().time())
        async for transcript in super().transcribe(audio, options):
            yield transcript


def room(hears: list[AudioChunk], there: list[Any], here: list[Any], replies: list[Any], **more: Any) -> Room:
    config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="", stt=["pc/ear", "stt"])
    made = Room(hears, FakeStt(here), FakeChat(replies), config=config, **more)
    able = Capabilities(local=False, parallel=4, languages=("en",))
    made.specs["pc/ear"] = fake_spec("pc/ear", Kind.STT, Elsewhere(there), able)
    return made


def twice(pause: float) -> list[AudioChunk]:
    """Return two questions, the second asked before a breaker of the first half-opens."""
    return [*ASKED, *quiet(pause), MARKER, *quiet(0.4), *voice(1.2)]


def ear(room: Room) -> Elsewhere:
    async def opened() -> Any:
        async with room.specs["pc/ear"].open(room.specs["pc/ear"].config()) as engine:
            return engine

    found = asyncio.run(opened())
    assert isinstance(found, Elsewhere)
    return found


def live(room: Room, seconds: float = 20.0, silent: str = "") -> list[float]:
    """Live in a room, where the server may be *silent*; return when each utterance was over."""
    over: list[float] = []

    async def main() -> None:
        async with room.opened() as listener:
            health = listener._equipment.routing.health
            if silent:
                health.is_silent("pc", silent)
            health.on_wanted = room.wanted.append  # type: ignore[attr-defined]
            end = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < end:
                await asyncio.sleep(0.02)
                while len(over) < len(room.said(EventType.STT_VAD_END)):
                    over.append(asyncio.get_running_loop().time())

    room.wanted = []  # type: ignore[attr-defined]
    run_in_virtual_time(main())
    return over


def texts(room: Room) -> list[str]:
    return [event["text"] for event in room.said(EventType.STT_END)]


def test_the_draft_is_heard_here_and_the_question_where_the_owner_wants_it() -> None:
    house = room(PAUSED, [0.2, "What time is it?"], ["What", "what time is it"], ["No.", "Noon."])
    [over] = live(house)
    [receipt] = house.receipts
    assert [at >= over - 0.05 for at in ear(house).asked] == [True]
    assert receipt.models["stt"] == "pc/ear" and texts(house) == ["What time is it?"]
    assert len(house.chat.requests) == 2  # the answer to what was heard here stands, though its marks are others
    assert receipt.drafting.hit and house.said(EventType.INTENT_END) == [{"reply": "Noon."}]
    assert [exchange.said for exchange in house.exchanges] == ["What time is it?"]
    assert receipt.parts["transcript"] == pytest.approx(0.2, abs=0.03)


def test_a_long_answer_goes_on_where_it_is_the_same_question() -> None:
    reply = " ".join(f"Sentence number {n} is here." for n in range(20))
    house = room(ASKED, [1.0, "Tell me."], ["Tell me!"], [reply])
    live(house, 60.0)
    assert len(house.chat.requests) == 1 and house.receipts[0].outcome == "answered"
    assert house.said(EventType.INTENT_END) == [{"reply": reply}] and " ".join(house.tts.said) == reply


def test_what_was_misheard_here_is_never_answered() -> None:
    replies = ["No.", "Which lamb? " * 30, "It is on."]
    house = room(PAUSED, ["Turn on the lamp."], ["Turn", "Turn on the lamb."], replies)
    live(house)
    [receipt] = house.receipts
    assert texts(house) == ["Turn on the lamp."] and house.said(EventType.INTENT_END) == [{"reply": "It is on."}]
    assert receipt.outcome == "answered" and not receipt.drafting.hit and receipt.drafting.begun == 3
    assert receipt.drafting.wasted > 0 and house.chat.finished == 2  # the misheard one is broken off
    assert [exchange.heard for exchange in house.exchanges] == ["It is on."]


def test_numbers_are_not_the_same_for_their_marks() -> None:
    house = room(ASKED, ["Set it to 5.3."], ["Set it to 53"], ["53 it is.", "5.3 it is."])
    live(house)
    assert house.said(EventType.INTENT_END) == [{"reply": "5.3 it is."}]


@pytest.mark.parametrize("silence", ["", "Hey Jarvis."])
def test_words_that_only_one_of_them_hears(silence: str) -> None:
    house = room(ASKED, ["What time is it?"], [silence], ["Noon."])
    live(house)
    assert texts(house) == ["What time is it?"] and house.receipts[0].outcome == "answered"
    other = room(ASKED, [silence], ["What time is it?"], ["Noon."])
    live(other)
    assert not texts(other) and [receipt.outcome for receipt in other.receipts] == ["nothing"]


def test_where_its_server_fails_the_next_hears_and_no_later_turn_waits_for_it() -> None:
    here = ["What time is it?"] * 3
    house = room(twice(2.0), [EngineUnavailable("the plug was pulled"), "Never."], here, ["Noon.", "One."])
    live(house, 40.0)
    assert [receipt.models["stt"] for receipt in house.receipts] == ["stt", "stt"]
    assert [receipt.drafting.hit for receipt in house.receipts] == [True, True]
    assert len(ear(house).asked) == 1  # its breaker is open for a while
    assert [e["reply"] for e in house.said(EventType.INTENT_END)] == ["Noon.", "One."]
    first, second = (receipt.voice_to_voice - receipt.parts["endpoint"] for receipt in house.receipts)
    assert first < 0.1 and second < 0.1


def test_a_server_that_hangs_costs_one_turn_half_of_the_patience() -> None:
    house = room(twice(4.0), [600.0, "Never."], ["What time is it?"] * 3, ["Noon.", "One."])
    live(house, 40.0)
    assert [receipt.models["stt"] for receipt in house.receipts] == ["stt", "stt"]
    first, second = (receipt.voice_to_voice - receipt.parts["endpoint"] for receipt in house.receipts)
    assert first == pytest.approx(PATIENCE, abs=0.1) and second < 0.1
    assert not house.said(EventType.ERROR)


def test_a_server_that_sleeps_is_woken_and_not_waited_for() -> None:
    house = room(ASKED, [], ["What time is it?"], ["Noon."])
    live(house, silent="no answer")
    [receipt] = house.receipts
    assert not ear(house).asked and receipt.models["stt"] == "stt" and receipt.drafting.begun == 1
    assert house.wanted == ["pc"]  # type: ignore[attr-defined]
    assert house.said(EventType.STT_START) == [{"model": "stt"}]


def test_where_nobody_hears_it_is_said_once() -> None:
    house = room(ASKED, [EngineError("deaf there")], [EngineError("deaf here")] * 9, [])
    live(house)
    assert [e["message"] for e in house.said(EventType.ERROR)] == ["deaf here"]
    assert [receipt.outcome for receipt in house.receipts] == ["failed"]


def test_who_does_not_know_the_language_is_never_asked() -> None:
    house = room(ASKED, [], ["Wie spät ist es?"], ["Zwölf."])
    house.config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="", stt=["pc/ear", "stt"], language="de")
    live(house)
    assert not ear(house).asked and texts(house) == ["Wie spät ist es?"]


def _erratic(seed: int) -> Room:
    """Make a room where somebody speaks with random pauses, and both hear as chance has it, or fail."""
    chance = random.Random(seed)
    hears = [*quiet(0.4), MARKER, *quiet(chance.uniform(0, 0.6)), *voice(chance.uniform(0.6, 1.2))]
    for _ in range(chance.randrange(4)):
        hears += [*quiet(chance.uniform(0.08, 0.8)), *voice(chance.uniform(0.08, 0.8))]
    said = chance.choice(["Dial nine.", "dial nine", "Dial five."])
    ends: list[Any] = [said, said, EngineError("broken"), 600.0]
    there: list[Any] = [chance.uniform(0, 0.6), chance.choice(ends), said]
    here: list[Any] = []
    for _ in range(9):
        here += [chance.uniform(0, 0.5), chance.choice(["Dial nine!", "Dial 1"])]
    replies = [" ".join(["Yes, of course it is so."] * chance.randrange(1, 8)) for _ in range(12)]
    return room(hears, there, here, replies, tts=FakeTts(fails=chance.uniform(0.001, 0.3)))


@pytest.mark.parametrize("block", range(2))
def test_whatever_the_pauses_are_one_question_is_answered_once(block: int) -> None:
    for seed in range(50 * block, 50 * block + 50):
        house = _erratic(seed)
        over = live(house, 16.0)
        assert all(at >= over[0] - 0.05 for at in ear(house).asked), seed
        [receipt] = house.receipts
        assert receipt.outcome == "answered", seed
        [question] = texts(house)
        [reply] = [e["reply"] for e in house.said(EventType.INTENT_END)]
        written = "".join(e["delta"] for e in house.said(EventType.INTENT_PROGRESS))
        assert written == reply, seed
        assert [exchange.said for exchange in house.exchanges] == [question], seed
        failed = receipt.models["stt"] == "stt"
        asked = [request.messages[-1].text for request in house.chat.requests if request.messages[-1].role == "user"]
        assert _plain(asked[-1]) == _plain(question), (seed, failed)


def _plain(text: str) -> str:
    return text.lower().strip(".!")
