"""What will be said if an act succeeds is made in advance, and heard only where it is said."""

import asyncio
from dataclasses import dataclass, field

import pytest

from assistant import Asked, EventType, Kind, Recognition, Reply, ServiceError, Skill
from assistant.config import AssistantConfig
from assistant.testing import FakeIntent, FakeStt, fake_spec, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2)]
PAUSED = [*ASKED, *quiet(0.16), *voice(0.8)]
START = Recognition("Start", complete=True, slots={"name": "Pizza"})
CONFIG = AssistantConfig(wake=["hey_jarvis"], turn="", intent="intent")


@dataclass
class Timer:
    """A skill that starts a timer, or fails to."""

    says: str = "Pizza timer started."
    """What it says when it is done; empty where it fails."""
    expected: str = "Pizza timer started."
    """What it expects to say."""
    done: list[float] = field(default_factory=list)
    """When it was done, on the clock of the loop."""
    spoken_before: list[str] = field(default_factory=list)
    """What the voice had said by then."""

    def skill(self, room: Room) -> Skill:
        async def start(asked: Asked) -> Reply:
            self.spoken_before = list(room.tts.said)
            self.done.append(asyncio.get_running_loop().time())
            if not self.says:
                raise ServiceError("no room for another")
            return Reply(self.says)

        def expects(asked: Asked) -> Reply | None:
            return Reply(self.expected) if self.expected else None

        return Skill(name="timer", intents={"Start": start}, expects=expects)


def lived(timer: Timer, *hears: str, sound: list[object] | None = None) -> Room:
    intent = FakeIntent({"Start the pizza timer.": START})
    room = Room(
        list(sound or ASKED),  # type: ignore[arg-type]
        FakeStt([0.1, *hears] if len(hears) == 1 else list(hears)),
        config=CONFIG,
        specs={"intent": fake_spec("intent", Kind.INTENT, intent)},
    )

    async def live() -> None:
        async with room.opened() as listener:
            listener._equipment.skills.append(timer.skill(room))
            await room.until(lambda: room.receipts)

    run_in_virtual_time(live())
    return room


def test_it_is_spoken_once_while_nothing_is_done_yet_and_is_there_at_once() -> None:
    timer = Timer()
    room = lived(timer, "Start the pizza timer.")
    [receipt] = room.receipts
    assert room.tts.said == ["Pizza timer started."]
    assert timer.spoken_before == ["Pizza timer started."]
    assert len(timer.done) == 1
    assert room.said(EventType.INTENT_END) == [{"reply": "Pizza timer started."}]
    assert receipt.voice_to_voice == pytest.approx(receipt.parts["endpoint"], abs=0.02)
    assert room.sounded == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("expected", ["Pizza timer started.", ""])
def test_what_is_not_true_is_never_heard(expected: str) -> None:
    timer = Timer(says="There are five hundred timers.", expected=expected)
    room = lived(timer, "Start the pizza timer.")
    assert room.tts.said == [*([expected] if expected else []), "There are five hundred timers."]
    assert room.sounded == pytest.approx(0.5, abs=0.02)
    assert [exchange.heard for exchange in room.exchanges] == ["There are five hundred timers."]


def test_an_act_that_fails_is_answered_with_an_apology_and_not_with_what_was_expected() -> None:
    room = lived(Timer(says=""), "Start the pizza timer.")
    assert [receipt.outcome for receipt in room.receipts] == ["failed"]
    assert room.tts.said == ["Pizza timer started."]
    assert room.said(EventType.INTENT_END) == []
    assert not room.exchanges


def test_a_draft_that_is_discarded_did_nothing_and_said_nothing() -> None:
    timer = Timer()
    room = lived(timer, "Start the pizza timer.", "Start the pizza timer. No, what time is it?", sound=list(PAUSED))
    assert not timer.done
    assert room.said(EventType.INTENT_END) != [{"reply": "Pizza timer started."}]
