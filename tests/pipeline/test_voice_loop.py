"""The voice loop with fakes and virtual time: races, failures and time-outs."""

import asyncio
from typing import Any

import pytest

from assistant import (
    AssistantError,
    Done,
    EngineError,
    EventType,
    TextDelta,
    Tool,
    ToolCall,
    ToolSpec,
)
from assistant.config import AssistantConfig, EndpointConfig
from assistant.testing import FakeChat, FakeSink, FakeStt, FakeTts, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2)]
"""A wake word, a short pause, and a question of 1.2 s."""


def test_a_turn_from_wake_word_to_reply() -> None:
    config = AssistantConfig(
        wake=["hey_jarvis"], turn="", intent="", endpoint=EndpointConfig(shortest=0.7, longest=0.7)
    )
    stt, chat = FakeStt(["What is the capital of Italy?"]), FakeChat(["Rome. It lies on the Tiber, they say."])
    room = Room(ASKED, stt, chat, config=config)
    run_in_virtual_time(room.live())
    assert room.said(EventType.WAKE_WORD_END) == [{"name": "hey_jarvis", "score": 0.9}]
    assert [e["text"] for e in room.said(EventType.STT_END)] == ["What is the capital of Italy?"]
    assert room.said(EventType.INTENT_END) == [{"reply": "Rome. It lies on the Tiber, they say."}]
    assert " ".join(room.tts.said) == "Rome. It lies on the Tiber, they say."
    assert room.sounded == pytest.approx(0.8, abs=0.05)
    [receipt] = room.receipts
    assert receipt.outcome == "answered"
    assert receipt.wake_word == "hey_jarvis"
    assert list(receipt.parts) == ["endpoint", "transcript", "first_token", "first_clause", "first_audio"]
    assert receipt.parts["endpoint"] == pytest.approx(0.7, abs=0.09)  # the configured silence, in chunks of 80 ms
    assert receipt.voice_to_voice == pytest.approx(sum(receipt.parts.values()))


def test_events_come_in_home_assistants_order() -> None:
    room = Room(ASKED, FakeStt(["Hello?"]), FakeChat(["Hi."]))
    run_in_virtual_time(room.live())
    wanted = [
        EventType.WAKE_WORD_END,
        EventType.RUN_START,
        EventType.STT_START,
        EventType.STT_VAD_START,
        EventType.STT_VAD_END,
        EventType.STT_END,
        EventType.RUN_END,
    ]
    assert [kind for kind in room.types() if kind in wanted] == wanted


def test_speech_in_one_breath_with_the_wake_word_is_not_lost() -> None:
    breath = [*quiet(1), *voice(0.6), MARKER, *voice(1.2)]
    room = Room(breath, FakeStt(["Hey Jarvis, what time is it?"]), FakeChat(["Noon."]))
    run_in_virtual_time(room.live())
    assert [e["text"] for e in room.said(EventType.STT_END)] == ["what time is it?"]
    assert room.stt.heard[0] >= 0.6 + 1.2  # the recogniser heard the wake word and all that followed


def test_only_the_wake_word_then_a_pause_then_the_question() -> None:
    slow = [*quiet(1), MARKER, *voice(0.3), *quiet(2.0), *voice(1.0)]
    room = Room(slow, FakeStt(["Hey Jarvis.", "What time is it?"]), FakeChat(["Noon."]))
    run_in_virtual_time(room.live())
    assert [e["text"] for e in room.said(EventType.STT_END)] == ["What time is it?"]
    assert [receipt.outcome for receipt in room.receipts] == ["answered"]


def test_nothing_said_is_idle_after_eight_seconds_and_says_nothing() -> None:
    room = Room([*quiet(1), MARKER])

    async def main() -> None:
        async with room.opened():
            await room.until(lambda: room.said(EventType.WAKE_WORD_END))
            began = asyncio.get_running_loop().time()
            await room.until(lambda: room.receipts)
            assert asyncio.get_running_loop().time() - began == pytest.approx(8, abs=0.3)

    run_in_virtual_time(main())
    assert room.receipts[0].outcome == "nothing"
    assert not room.sink.heard
    assert not room.stt.heard


def test_an_utterance_is_cut_after_thirty_seconds() -> None:
    room = Room([*quiet(1), MARKER, *voice(60)], FakeStt(["blah"]), FakeChat(["Well."]))
    run_in_virtual_time(room.live(50))
    assert room.stt.heard[0] == pytest.approx(30 + 1.6, abs=0.5)
    assert room.said(EventType.STT_VAD_END)[0] == {"reason": "limit"}


def test_the_wake_word_ends_a_reply_and_begins_a_turn() -> None:
    long = " ".join(["word"] * 100) + "."
    again = [*ASKED, *quiet(4), MARKER, *quiet(0.4), *voice(1.0)]
    room = Room(again, FakeStt(["Tell me a story.", "What time is it?"]), FakeChat([long, "Noon."]))
    run_in_virtual_time(room.live(30))
    assert [receipt.outcome for receipt in room.receipts] == ["interrupted", "answered"]
    assert room.chat.finished == 1 or room.sounded < 10
    heard = room.chat.requests[1].messages
    assert 0 < len(heard[-2].text.split()) < 100, "history must keep what was heard, and only that"


def test_stop_ends_a_reply() -> None:
    long = " ".join(["word"] * 100) + "."
    room = Room([*ASKED, *quiet(3), *voice(0.5)], FakeStt(["Tell me a story.", "Stop!"]), FakeChat([long]))
    run_in_virtual_time(room.live(30))
    assert [receipt.outcome for receipt in room.receipts] == ["stopped"]
    assert room.sounded < 5


def test_other_talk_during_a_reply_does_not_end_it() -> None:
    reply = " ".join(["word"] * 40) + "."
    room = Room([*ASKED, *quiet(2), *voice(0.5)], FakeStt(["Tell me a story.", "Pass the salt."]), FakeChat([reply]))
    run_in_virtual_time(room.live(30))
    assert [receipt.outcome for receipt in room.receipts] == ["answered"]
    assert room.sounded == pytest.approx(4.0, abs=0.1)


def test_never_mind_instead_of_a_question_ends_the_turn() -> None:
    room = Room(ASKED, FakeStt(["Never mind."]))
    run_in_virtual_time(room.live())
    assert [receipt.outcome for receipt in room.receipts] == ["stopped"]
    assert not room.chat.requests


@pytest.mark.parametrize(
    ("stt", "chat", "tts"),
    [
        (FakeStt([EngineError("the recogniser broke")]), FakeChat(), FakeTts()),
        (FakeStt([ValueError("a bug")]), FakeChat(), FakeTts()),
        (FakeStt(["Hello?"]), FakeChat([EngineError("the model broke")]), FakeTts()),
        (FakeStt([100.0]), FakeChat(), FakeTts()),
        (FakeStt(["Hello?"]), FakeChat([100.0]), FakeTts()),
    ],
    ids=["stt fails", "stt has a bug", "chat fails", "stt stalls", "chat stalls"],
)
def test_a_stage_that_fails_or_stalls_is_answered_with_an_apology(stt: FakeStt, chat: FakeChat, tts: FakeTts) -> None:
    room = Room(ASKED, stt, chat, tts)
    ended = 0.0

    async def main() -> None:
        nonlocal ended
        async with room.opened():
            await room.until(lambda: room.said(EventType.STT_VAD_END))
            ended = asyncio.get_running_loop().time()
            await room.until(lambda: room.sink.heard)
            assert asyncio.get_running_loop().time() - ended <= 5.0
            await asyncio.sleep(2)

    run_in_virtual_time(main())
    assert [receipt.outcome for receipt in room.receipts] == ["failed"]
    assert len(room.said(EventType.ERROR)) == 1
    assert room.sounded == pytest.approx(0.5, abs=0.05)  # "Sorry, that did not work."


def test_a_voice_that_stalls_or_fails_is_answered_with_the_prepared_apology() -> None:
    for trouble in (EngineError("the voice broke"), 100.0):
        room = Room(ASKED, FakeStt(["Hello?"]), FakeChat(["Hi there."]))

        async def main(room: Room = room, trouble: Any = trouble) -> None:
            async with room.opened():
                room.tts.fails = trouble
                await asyncio.sleep(20)

        run_in_virtual_time(main())
        assert [receipt.outcome for receipt in room.receipts] == ["failed"]
        assert room.sounded == pytest.approx(0.5, abs=0.05)


def test_the_next_turn_works_after_a_failure() -> None:
    twice = [*ASKED, *quiet(9), *ASKED]
    room = Room(twice, FakeStt([EngineError("broken"), "Hello?"]), FakeChat(["Hi."]))
    run_in_virtual_time(room.live(30))
    assert [receipt.outcome for receipt in room.receipts] == ["failed", "answered"]


def test_a_speaker_that_fails_does_not_end_the_loop() -> None:
    twice = [*ASKED, *quiet(6), *ASKED]
    room = Room(twice, FakeStt(["One?", "Two?"]), FakeChat(["A.", "B."]), sink=FakeSink(fails=AssistantError("gone")))
    run_in_virtual_time(room.live(30))
    assert [receipt.outcome for receipt in room.receipts] == ["failed", "answered"]


def test_history_reaches_the_next_turn_static_text_first() -> None:
    room = Room([*ASKED, *quiet(6), *ASKED], FakeStt(["One?", "Two?"]), FakeChat(["A.", "B."]))
    run_in_virtual_time(room.live(30))
    first, second = room.chat.requests
    assert second.messages[: len(first.messages)] == first.messages
    assert [(m.role, m.text) for m in second.messages[1:]] == [("user", "One?"), ("assistant", "A."), ("user", "Two?")]
    assert first.conversation == second.conversation


def test_the_prompt_is_warmed_while_the_person_talks() -> None:
    room = Room(ASKED, FakeStt(["Hello?"]), FakeChat(["Hi."]))
    run_in_virtual_time(room.live())
    assert room.chat.warmed[0].messages == room.chat.requests[0].messages[:1]


def test_a_question_of_its_own_is_followed_up_without_a_wake_word() -> None:
    room = Room(
        [*ASKED, *quiet(2.6), *voice(1.0)], FakeStt(["Set a timer.", "Five."]), FakeChat(["How long?", "Done."])
    )
    run_in_virtual_time(room.live(30))
    assert [receipt.outcome for receipt in room.receipts] == ["answered", "answered"]
    assert room.receipts[1].wake_word == ""


def test_a_follow_up_that_nobody_answers_ends_soon() -> None:
    room = Room(ASKED, FakeStt(["Set a timer."]), FakeChat(["How long?"]))
    run_in_virtual_time(room.live(30))
    assert [receipt.outcome for receipt in room.receipts] == ["answered", "nothing"]


def test_tools_run_and_the_model_goes_on() -> None:
    ran: list[Any] = []

    async def lamp(arguments: Any) -> str:
        ran.append(arguments)
        return "on"

    tool = Tool(ToolSpec("lamp", "Switch the lamp.", {"type": "object"}), lamp, trusted=True)
    script = FakeChat(
        [[ToolCall("1", "lamp", {"on": True}), Done("tool_calls")], [TextDelta("It is on."), Done("stop")]]
    )
    room = Room(ASKED, FakeStt(["Light, please."]), script, tools={"lamp": tool})
    run_in_virtual_time(room.live())
    assert ran == [{"on": True}]
    assert room.chat.requests[1].messages[-1].parts[0].content == "on"  # type: ignore[union-attr]
    assert room.tts.said == ["It is on."]


def test_what_is_said_before_a_tool_is_spoken_while_it_works() -> None:
    async def slow(arguments: Any) -> str:
        assert room.tts.said == ["Let me look at that."]
        await asyncio.sleep(2.0)
        assert room.sounded == pytest.approx(0.5, abs=0.1)
        return "rain"

    tool = Tool(ToolSpec("weather", "", {"type": "object"}), slow, "read", trusted=True)
    call: list[Any] = [TextDelta("Let me look at that."), ToolCall("1", "weather", {}), Done("tool_calls")]
    room = Room(ASKED, FakeStt(["Weather?"]), FakeChat([call, "It rains."]), tools={"weather": tool})
    run_in_virtual_time(room.live())
    assert room.said(EventType.INTENT_END) == [{"reply": "Let me look at that.\nIt rains."}]
    assert room.chat.requests[-1].messages[-1].parts[0].content == "rain"  # type: ignore[union-attr]


def test_tools_that_fail_stall_or_are_not_there_are_told_to_the_model() -> None:
    async def fails(arguments: Any) -> str:
        raise RuntimeError("no bulb")

    async def stalls(arguments: Any) -> str:
        await asyncio.sleep(100)
        return ""

    def tool(name: str, run: Any) -> Tool:
        return Tool(ToolSpec(name, "", {"type": "object"}), run, "read")

    calls = [ToolCall(str(n), name, {}) for n, name in enumerate(["fails", "stalls", "unknown"])]
    room = Room(
        ASKED,
        FakeStt(["Do things."]),
        FakeChat([[*calls, Done("tool_calls")], "Sorry."]),
        tools={t.spec.name: t for t in (tool("fails", fails), tool("stalls", stalls))},
    )
    run_in_virtual_time(room.live(40))
    results = [part.content for part in room.chat.requests[1].messages[-1].parts]  # type: ignore[union-attr]
    assert "no bulb" in results[0]
    assert "it took more than 10 s and was stopped" in results[1]
    assert "no tool" in results[2]


def test_a_model_that_only_calls_tools_is_stopped() -> None:
    async def again(arguments: Any) -> str:
        return "again"

    tool = Tool(ToolSpec("again", "", {"type": "object"}), again)
    script: list[Any] = [[ToolCall("1", "again", {}), Done("tool_calls")] for _ in range(50)]
    room = Room(ASKED, FakeStt(["Loop."]), FakeChat(script), tools={"again": tool})
    run_in_virtual_time(room.live(40))
    assert len(room.chat.requests) == 6 and room.chat.requests[-1].tool_choice == "none"
    assert [receipt.outcome for receipt in room.receipts] == ["failed"]
    assert room.sounded == pytest.approx(0.5, abs=0.05)  # the apology: an answer without words is no answer


def test_the_silence_that_ends_an_utterance_is_configurable() -> None:
    config = AssistantConfig(
        wake=["hey_jarvis"], turn="", intent="", endpoint=EndpointConfig(silence=1.5, shortest=1.5, longest=1.5)
    )
    room = Room(ASKED, FakeStt(["Hello?"]), FakeChat(["Hi."]), config=config)
    run_in_virtual_time(room.live())
    assert room.receipts[0].parts["endpoint"] == pytest.approx(1.5, abs=0.09)
