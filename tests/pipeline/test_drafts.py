"""Answers that are drafted in the pauses of an utterance: quick where it was over, unnoticed where it was not."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from assistant import (
    AudioChunk,
    Capabilities,
    ChatDelta,
    ChatRequest,
    Done,
    EngineError,
    EventType,
    Kind,
    SttOptions,
    TextDelta,
    Tool,
    ToolCall,
    ToolSpec,
    Transcript,
)
from assistant.config import AssistantConfig, DraftConfig, EndpointConfig
from assistant.testing import FakeChat, FakeEmbed, FakeStt, FakeTts, FakeTurn, fake_spec, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2)]
"""A wake word, a short pause, and a question of 1.2 s."""
PAUSED = [*ASKED, *quiet(0.48), *voice(0.8)]
"""The same, which goes on after a pause."""
OUTPUTS = frozenset(EventType) - {
    EventType.RUN_START,
    EventType.WAKE_WORD_START,
    EventType.WAKE_WORD_END,
    EventType.STT_START,
    EventType.STT_VAD_START,
}
"""Events that may only be told once the utterance is over."""


def test_the_answer_is_ready_when_the_silence_ends() -> None:
    room = Room(ASKED, FakeStt([0.1, "What is it?"]), FakeChat(["Rome. It lies on the Tiber."]))
    run_in_virtual_time(room.live())
    [receipt] = room.receipts
    assert receipt.drafting.hit
    assert receipt.drafting.begun == 1
    assert receipt.drafting.wasted == 0
    assert receipt.voice_to_voice == pytest.approx(receipt.parts["endpoint"], abs=0.02)
    assert receipt.work["transcript"] == pytest.approx(0.1, abs=0.02)
    assert len(room.stt.heard) == 1


def test_a_draft_of_an_unfinished_sentence_is_never_heard_of() -> None:
    room = Room(
        PAUSED, FakeStt(["Set a timer for", "Set a timer for five minutes."]), FakeChat(["No.", "Five minutes."])
    )
    run_in_virtual_time(room.live())
    [receipt] = room.receipts
    assert [e["text"] for e in room.said(EventType.STT_END)] == ["Set a timer for five minutes."]
    assert room.said(EventType.INTENT_END) == [{"reply": "Five minutes."}]
    assert receipt.drafting.begun == 2
    assert receipt.drafting.hit
    assert receipt.drafting.wasted > 0
    assert room.chat.requests[-1].messages[-1].text == "Set a timer for five minutes."
    assert [message.text for message in room.chat.requests[-1].messages[1:-1]] == []


def test_the_whole_answer_to_the_same_words_is_used_again() -> None:
    same = "What time is it?"  # somebody coughed
    room = Room(PAUSED, FakeStt([same, same]), FakeChat(["Noon."]), config=_patient())
    run_in_virtual_time(room.live())
    assert len(room.chat.requests) == 1
    assert room.tts.said == ["Noon."]
    assert [receipt.outcome for receipt in room.receipts] == ["answered"]
    assert room.said(EventType.INTENT_END) == [{"reply": "Noon."}]
    assert room.sounded == pytest.approx(0.1, abs=0.02)


def test_a_whole_answer_outlives_a_draft_that_was_broken_off() -> None:
    same = "What time is it?"
    twice = [*PAUSED, *quiet(0.48), *voice(0.8)]  # the second draft ends before it knows that the words are the same
    room = Room(twice, FakeStt([same, 2.0, same, same]), FakeChat(["Noon."]), config=_patient())
    run_in_virtual_time(room.live())
    assert [receipt.outcome for receipt in room.receipts] == ["answered"]
    assert room.receipts[0].drafting.begun == 3
    assert len(room.chat.requests) == 1
    assert room.tts.said == ["Noon."]


def test_the_silence_that_a_voice_begins_with_is_left_out() -> None:
    class Breath(FakeTts):
        async def speak(self, text: AsyncIterator[str], voice: Any) -> AsyncGenerator[AudioChunk, None]:
            async for chunk in super().speak(text, voice):
                yield AudioChunk(bytes(chunk.format.size(0.25)) + chunk.audio, chunk.format)

    room = Room(ASKED, FakeStt(["What is it?"]), FakeChat(["It is a very old tower. It stands there."]), tts=Breath())
    run_in_virtual_time(room.live())
    assert room.sounded == pytest.approx(0.01 + 0.6 + 0.25 + 0.3, abs=0.01)  # the pause between clauses stays


def test_a_tool_waits_until_the_utterance_is_over() -> None:
    ran: list[float] = []

    async def switch(arguments: Any) -> str:
        ran.append(asyncio.get_running_loop().time())
        return "done"

    call: list[ChatDelta] = [ToolCall("1", "switch", {}), Done("tool_calls")]
    room = Room(
        PAUSED,
        FakeStt(["Turn on", "Turn on the lamp."]),
        FakeChat([call, call, "It is on."]),
        tools={"switch": Tool(ToolSpec("switch", "", {}), switch)},
    )
    run_in_virtual_time(room.live())
    assert len(ran) == 1
    assert len(room.chat.requests) == 3
    assert room.receipts[0].outcome == "answered"


@pytest.mark.parametrize("remote", ["stt", "chat", "tts"])
def test_nothing_of_a_draft_leaves_this_machine(remote: str) -> None:
    asked: list[tuple[str, float]] = []

    class Stt(FakeStt):
        def transcribe(self, audio: AsyncIterator[AudioChunk], options: SttOptions) -> AsyncGenerator[Transcript, None]:
            asked.append(("stt", asyncio.get_running_loop().time()))
            return super().transcribe(audio, options)

    class Chat(FakeChat):
        def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
            asked.append(("chat", asyncio.get_running_loop().time()))
            return super().reply(request)

    class Tts(FakeTts):
        def speak(self, text: AsyncIterator[str], voice: Any) -> AsyncGenerator[AudioChunk, None]:
            asked.append(("tts", asyncio.get_running_loop().time()))
            return super().speak(text, voice)

    kinds = {"stt": (Kind.STT, Stt(["Turn on", "Turn on the lamp."] if remote != "stt" else ["Turn on the lamp."]))}
    kinds["chat"] = (Kind.CHAT, Chat(["Yes."] * 2))  # type: ignore[assignment]
    kinds["tts"] = (Kind.TTS, Tts())  # type: ignore[assignment]
    kind, engine = kinds[remote]
    room = Room(PAUSED, FakeStt(["Turn on", "Turn on the lamp."]), FakeChat(["Yes."] * 2))
    room.specs[remote] = fake_spec(remote, kind, engine, Capabilities(local=False))

    async def main() -> None:
        async with room.opened():
            asked.clear()  # phrases are spoken in advance
            await room.until(lambda: room.said(EventType.STT_VAD_END))
            over = asyncio.get_running_loop().time()
            await room.until(lambda: room.receipts)
            assert asked
            assert min(at for what, at in asked if what == remote) >= over - 0.05

    run_in_virtual_time(main())
    assert room.receipts[0].outcome == "answered"


def test_nothing_of_a_draft_is_compared_elsewhere() -> None:
    understood: list[float] = []

    class Chat(FakeChat):
        def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
            understood.append(asyncio.get_running_loop().time())
            return super().reply(request)

    config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="", embed="embed")
    room = Room(PAUSED, FakeStt(["Turn on", "Turn on the lamp."]), Chat(["Yes."] * 2), config=config)
    room.specs["embed"] = fake_spec("embed", Kind.EMBED, FakeEmbed(), Capabilities(languages=("en",), local=False))

    async def main() -> None:
        async with room.opened():
            await room.until(lambda: room.said(EventType.STT_VAD_END))
            over = asyncio.get_running_loop().time()
            await room.until(lambda: room.receipts)
            assert min(understood) >= over - 0.05  # after all rungs of the ladder, which compare sentences

    run_in_virtual_time(main())
    assert room.receipts[0].outcome == "answered"


def test_the_number_of_drafts_is_limited() -> None:
    stutter = [*ASKED, *(chunk for _ in range(8) for chunk in (*quiet(0.4), *voice(0.32)))]
    config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="", draft=DraftConfig(attempts=2))
    room = Room(stutter, FakeStt(["so", "so so", "so so so what?"]), FakeChat(["Well."] * 3), config=config)
    run_in_virtual_time(room.live())
    [receipt] = room.receipts
    assert receipt.drafting.begun == 3  # the last one, once it is over
    assert not receipt.drafting.hit
    assert [e["text"] for e in room.said(EventType.STT_END)] == ["so so so what?"]


def test_without_drafts_everything_waits_for_the_end() -> None:
    config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="", draft=DraftConfig(attempts=0))
    room = Room(PAUSED, FakeStt(["What time is it?"]), FakeChat(["Noon."]), config=config)
    run_in_virtual_time(room.live())
    assert len(room.stt.heard) == 1
    assert not room.receipts[0].drafting.hit


def test_a_long_utterance_is_not_drafted() -> None:
    config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="", draft=DraftConfig(longest=2.0))
    room = Room([*ASKED, *voice(1.0)], FakeStt(["Tell me."]), FakeChat(["Well."]), config=config)
    run_in_virtual_time(room.live())
    assert not room.receipts[0].drafting.hit


def test_a_draft_that_fails_and_is_discarded_is_never_heard_of() -> None:
    room = Room(PAUSED, FakeStt([EngineError("broken"), "What time is it?"]), FakeChat(["Noon."]))
    run_in_virtual_time(room.live())
    assert not room.said(EventType.ERROR)
    assert [receipt.outcome for receipt in room.receipts] == ["answered"]


def test_a_committed_draft_that_fails_is_apologised_for() -> None:
    room = Room(ASKED, FakeStt([EngineError("broken")]))
    run_in_virtual_time(room.live())
    assert [e["message"] for e in room.said(EventType.ERROR)] == ["broken"]
    assert [receipt.outcome for receipt in room.receipts] == ["failed"]
    assert room.sounded > 0


# -- the wait ------------------------------------------------------------------------------------------------------


def _patient() -> AssistantConfig:
    return AssistantConfig(
        wake=["hey_jarvis"], turn="", intent="", endpoint=EndpointConfig(silence=0.7, shortest=0.7, longest=0.7)
    )


@pytest.mark.parametrize(("score", "wait"), [(0.999, 0.25), (0.5, 1.35), (0.001, 2.5)])
def test_the_wait_follows_the_turn_detector(score: float, wait: float) -> None:
    config = AssistantConfig(wake=["hey_jarvis"], turn="turn", draft=DraftConfig(attempts=0))
    room = Room(ASKED, FakeStt(["What time is it?"]), FakeChat(["Noon."]), config=config)
    turn = FakeTurn([score] * 9)
    room.specs["turn"] = fake_spec("turn", Kind.TURN, turn)
    run_in_virtual_time(room.live())
    [receipt] = room.receipts
    assert receipt.parts["endpoint"] == pytest.approx(wait, abs=0.11)
    assert receipt.certainty == pytest.approx(score, abs=0.02)
    assert turn.heard[0] >= 1.2 + 0.4  # all of the question


def test_nobody_is_cut_off_before_the_answer_could_be_heard() -> None:
    """The words are surely complete, but the model is slow, and the speaker goes on after half a second."""
    config = AssistantConfig(wake=["hey_jarvis"], turn="turn")
    said = FakeStt(["Turn on the lamp.", "Turn on the lamp and the radio."])
    room = Room(PAUSED, said, FakeChat(["No.", "Both are on."], pace=0.6), config=config)
    room.specs["turn"] = fake_spec("turn", Kind.TURN, FakeTurn([0.999] * 9))
    run_in_virtual_time(room.live())
    assert [e["text"] for e in room.said(EventType.STT_END)] == ["Turn on the lamp and the radio."]
    assert room.receipts[0].parts["endpoint"] == pytest.approx(0.65, abs=0.1)  # when the first clause is there


def test_a_draft_that_waits_for_the_commit_holds_nobody_up() -> None:
    config = AssistantConfig(wake=["hey_jarvis"], turn="turn")
    room = Room(ASKED, FakeStt(["Turn on the lamp."]), FakeChat(["On."]), config=config)
    room.specs["turn"] = fake_spec("turn", Kind.TURN, FakeTurn([0.999] * 9))
    room.specs["chat"] = fake_spec("chat", Kind.CHAT, room.chat, Capabilities(local=False))
    run_in_virtual_time(room.live())
    assert room.receipts[0].parts["endpoint"] == pytest.approx(0.25, abs=0.1)


def test_the_sound_is_scored_again_as_the_pause_grows() -> None:
    config = AssistantConfig(wake=["hey_jarvis"], turn="turn", draft=DraftConfig(attempts=0))
    room = Room(ASKED, FakeStt(["What time is it?"]), FakeChat(["Noon."]), config=config)
    turn = FakeTurn([0.1, 0.999])
    room.specs["turn"] = fake_spec("turn", Kind.TURN, turn)
    run_in_virtual_time(room.live())
    assert room.receipts[0].parts["endpoint"] == pytest.approx(0.85, abs=0.1)
    assert turn.heard == sorted(turn.heard)


def test_a_turn_detector_that_fails_costs_only_its_advice() -> None:
    class Broken(FakeTurn):
        def score(self, audio: AudioChunk) -> float:
            raise EngineError("broken")

    config = AssistantConfig(wake=["hey_jarvis"], turn="turn", draft=DraftConfig(attempts=0))
    room = Room(ASKED, FakeStt(["What time is it?"]), FakeChat(["Noon."]), config=config)
    room.specs["turn"] = fake_spec("turn", Kind.TURN, Broken())
    run_in_virtual_time(room.live())
    assert room.receipts[0].outcome == "answered"
    assert room.receipts[0].parts["endpoint"] == pytest.approx(0.7, abs=0.1)


# -- whatever the pauses are ---------------------------------------------------------------------------------------


def _erratic(seed: int) -> tuple[Room, list[float]]:
    """Make a room where somebody speaks with random pauses, engines take random times, and a tool would act."""
    chance = random.Random(seed)
    hears = [*quiet(0.4), MARKER, *quiet(chance.uniform(0, 0.6)), *voice(chance.uniform(0.6, 1.2))]
    for _ in range(chance.randrange(5)):
        hears += [*quiet(chance.uniform(0.08, 0.8)), *voice(chance.uniform(0.08, 0.8))]
    acted: list[float] = []

    async def act(arguments: Any) -> str:
        acted.append(asyncio.get_running_loop().time())
        return "done"

    replies: list[Any] = []
    for _ in range(9):
        if chance.random() < 0.3:
            replies.append([TextDelta("Well, let me see. "), ToolCall("1", "act", {}), Done("tool_calls")])
        replies.append(" ".join(["Yes, of course it is so."] * chance.randrange(1, 4)))
    words: list[Any] = [step for n in range(9) for step in (chance.uniform(0, 0.5), f"Dial number {n}.")]
    room = Room(
        hears,
        FakeStt(words),
        FakeChat(replies, pace=chance.uniform(0.001, 0.1)),
        FakeTts(fails=chance.uniform(0.001, 0.3)),
        tools={"act": Tool(ToolSpec("act", "", {}), act, trusted=True)},
    )
    return room, acted


@pytest.mark.parametrize("block", range(20))
def test_nothing_of_an_uncommitted_draft_ever_gets_out(block: int) -> None:
    """A thousand random patterns of pauses, in blocks of fifty."""
    for seed in range(50 * block, 50 * block + 50):
        room, acted = _erratic(seed)
        over: list[float] = []

        async def main(room: Room = room, acted: list[float] = acted, over: list[float] = over) -> None:
            loop = asyncio.get_running_loop()
            async with room.opened():
                while not room.said(EventType.STT_VAD_END):
                    assert not OUTPUTS & set(room.types())
                    assert not room.sink.heard
                    assert not acted
                    assert not room.receipts
                    await asyncio.sleep(0.02)
                over.append(loop.time())
                await room.until(lambda: room.receipts)
                await asyncio.sleep(0.5)

        run_in_virtual_time(main())
        assert all(at >= over[0] - 0.03 for at in acted), seed
        assert len(room.receipts) == 1, seed
        assert room.receipts[0].outcome == "answered", seed
        [question] = [e["text"] for e in room.said(EventType.STT_END)]
        [reply] = [e["reply"] for e in room.said(EventType.INTENT_END)]
        asked = [request.messages[-1].text for request in room.chat.requests if request.messages[-1].role == "user"]
        assert question == asked[-1], seed
        written = "".join(e["delta"] for e in room.said(EventType.INTENT_PROGRESS))
        assert written == reply, seed
