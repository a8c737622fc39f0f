"""What the end of speech and the ladder learn from an intent engine."""

import pytest
from msgspec import structs

from assistant import AudioChunk, EngineError, Kind, Recognition
from assistant.config import AssistantConfig, DraftConfig
from assistant.events import EventType
from assistant.testing import FakeChat, FakeIntent, FakeStt, FakeTurn, fake_spec, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(0.4), MARKER, *quiet(0.4), *voice(1.2)]
PAUSED = [*ASKED, *quiet(0.6), *voice(1.2)]


def room(hears: list[AudioChunk], said: list[str], intent: FakeIntent) -> Room:
    """Make a room with an intent engine, in which the sound of a pause says nothing."""
    config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="intent", draft=DraftConfig(attempts=9))
    made = Room(hears, FakeStt(list(said)), FakeChat(["Well."] * 9), config=config)
    made.specs["intent"] = fake_spec("intent", Kind.INTENT, intent)
    return made


def certainty_of(text: str, recognition: Recognition | None) -> float:
    """Return how sure it is that somebody has finished who said *text*, of which an engine says *recognition*."""
    made = room(ASKED, [text] * 9, FakeIntent({text: recognition} if recognition else {}))
    run_in_virtual_time(made.live())
    assert made.receipts[0].certainty is not None
    return made.receipts[0].certainty


@pytest.mark.parametrize("text", ["Turn on the lamp", "Close the window"])
def test_what_is_understood_is_surer_than_what_is_not_and_what_breaks_off_is_less_sure(text: str) -> None:
    whole = certainty_of(text, Recognition("HassTurnOn", complete=True))
    unknown = certainty_of(text, None)
    begun = certainty_of(text, Recognition("", complete=False))
    free = certainty_of(text, Recognition("HassListAddItem", complete=True, free=True))
    assert begun < 0.5 < unknown < whole
    assert free == unknown, "more of the same may follow"


def test_the_wait_is_longer_where_a_sentence_breaks_off() -> None:
    waits = []
    for complete in (True, False):
        made = room(
            ASKED, ["Turn on the lamp"] * 9, FakeIntent({"Turn on the lamp": Recognition("HassTurnOn", complete)})
        )
        run_in_virtual_time(made.live())
        waits.append(made.receipts[0].parts["endpoint"])
    assert waits[0] < 0.5 < 1.2 < waits[1]


def test_who_goes_on_after_a_whole_sentence_is_asked_about_the_longer_one() -> None:
    engine = FakeIntent({"Lights on": Recognition("HassTurnOn", complete=True)})
    made = room(PAUSED, ["Lights on", "Lights on in the kitchen and the"], engine)
    made.chat.pace = 0.6  # nothing is to be heard yet when the speaker goes on
    run_in_virtual_time(made.live())
    assert [event["text"] for event in made.said(EventType.STT_END)] == ["Lights on in the kitchen and the"]
    assert made.receipts[0].certainty is not None
    assert made.receipts[0].certainty < 0.5, "what the first pause told is forgotten"


def test_an_engine_that_fails_costs_only_what_it_knows(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeIntent):
        def recognise(self, text: str, language: str, context: dict[str, str]) -> Recognition | None:
            raise EngineError("broken")

    made = room(ASKED, ["What is love?"] * 9, Broken())
    run_in_virtual_time(made.live())
    assert made.receipts[0].outcome == "answered"
    assert [clause for clause in made.tts.said if clause] == ["Well."]
    assert "intent understands nothing: broken" in caplog.text


@pytest.mark.parametrize(("complete", "scored"), [(True, 0), (False, 1)])
def test_the_sound_is_scored_only_where_the_words_leave_a_doubt(complete: bool, scored: int) -> None:
    made = room(ASKED, ["Cancel all timers."] * 9, FakeIntent({"Cancel all timers.": Recognition("It", complete)}))
    made.config = structs.replace(made.config, turn="turn")
    detector = FakeTurn([0.9] * 9)
    made.specs["turn"] = fake_spec("turn", Kind.TURN, detector)
    run_in_virtual_time(made.live())
    assert made.receipts[0].outcome == "answered"
    assert len(detector.heard) == scored


def test_the_sound_is_scored_without_words_that_are_late() -> None:
    made = room(ASKED, [], FakeIntent({"Cancel all timers.": Recognition("It", complete=True)}))
    made.stt.script = [0.4, "Cancel all timers."] * 9
    made.config = structs.replace(made.config, turn="turn")
    detector = FakeTurn([0.9] * 9)
    made.specs["turn"] = fake_spec("turn", Kind.TURN, detector)
    run_in_virtual_time(made.live())
    assert made.receipts[0].outcome == "answered"
    assert len(detector.heard) == 1


def test_an_intent_of_the_owner_is_answered_by_its_response_where_no_skill_has_it() -> None:
    key = Recognition("WhereIsTheKey", complete=True, response="Under the pot.")
    made = room(ASKED, ["Where is the key?"] * 9, FakeIntent({"Where is the key?": key}))
    run_in_virtual_time(made.live())
    assert made.tts.said == ["Under the pot."]
    assert not made.chat.requests


def test_an_engine_is_told_where_it_is_asked_in_which_language_and_is_taught_once() -> None:
    engine = FakeIntent()
    made = room(ASKED, ["What is love?"] * 9, engine)
    run_in_virtual_time(made.live())
    assert engine.asked[0] == ("What is love?", "en", {"area": "", "device": "room"})
    assert len(engine.taught) == 1
