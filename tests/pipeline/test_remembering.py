"""What a turn hands to the history: what was said and what was really heard, once it is committed."""

from assistant.testing import FakeChat, FakeStt, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2)]
"""A wake word, a short pause, and a question of 1.2 s."""


def test_question_and_answer_are_remembered_once() -> None:
    room = Room(ASKED, FakeStt(["What is the capital of Italy?"]), FakeChat(["Rome."]))
    run_in_virtual_time(room.live())
    [exchange] = room.exchanges
    assert (exchange.said, exchange.heard) == ("What is the capital of Italy?", "Rome.")
    assert (exchange.device, exchange.assistant) == ("room", "jarvis")
    assert (exchange.turn, exchange.started) == (room.receipts[0].turn, room.receipts[0].started)


def test_of_an_answer_that_was_ended_only_what_was_heard_is_remembered() -> None:
    story = " ".join(f"word{number}." for number in range(100))
    room = Room([*ASKED, *quiet(3), *voice(0.5)], FakeStt(["Tell me a story.", "Stop!"]), FakeChat([story]))
    run_in_virtual_time(room.live(30))
    [exchange] = room.exchanges
    assert exchange.said == "Tell me a story."
    assert exchange.heard.startswith("word0.")
    assert "word99." not in exchange.heard


def test_a_draft_that_was_discarded_is_remembered_by_nobody() -> None:
    going_on = [*quiet(1), MARKER, *quiet(0.4), *voice(1.0), *quiet(0.24), *voice(1.0)]
    room = Room(going_on, FakeStt(["Turn on", "Turn on the light."]), FakeChat(["What?", "Done."]))
    run_in_virtual_time(room.live())
    assert room.receipts[0].drafting.begun > 1
    assert [exchange.said for exchange in room.exchanges] == ["Turn on the light."]


def test_where_nothing_was_said_nothing_is_remembered() -> None:
    room = Room([*quiet(1), MARKER])
    run_in_virtual_time(room.live())
    assert room.receipts[0].outcome == "nothing"
    assert room.exchanges == []
