"""What is asked back: the next turn is the answer, once, and only where the question was heard to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from assistant import Ask, Asked, AssistantError, AudioChunk, EventType, Kind, Recognition, Reply, Skill
from assistant.config import AssistantConfig, DraftConfig
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.ladder.choosing import chosen
from assistant.pipeline.ladder.words import is_no, is_yes
from assistant.pipeline.listen import Listener
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.turn import Turn
from assistant.testing import FakeChat, FakeIntent, FakeStt, fake_spec, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(0.4), MARKER, *quiet(0.4), *voice(1.2)]
LAMPS = ("desk lamp", "ceiling lamp")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(("en", text) for text in ("Yes.", "yes, please", "Yeah, do it", "sure", "Please.", "okay", "yes yes")),
        *(("de", text) for text in ("Ja.", "Ja, bitte!", "ja mach das bitte", "Bitte", "genau")),
        *(("fr", text) for text in ("Oui.", "Oui, s'il te plaît", "D’accord", "Vas-y")),
        *(("es", text) for text in ("Sí.", "si", "Sí, por favor", "Adelante")),
        *(("it", text) for text in ("Sì, grazie", "certo")),
        *(("nl", text) for text in ("Ja, graag", "doe maar")),
    ],
)
def test_a_yes(language: str, text: str) -> None:
    assert is_yes(text, language) and not is_no(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(("en", text) for text in ("No.", "No, thank you", "no no, don't do it", "never mind", "neither")),
        *(("de", text) for text in ("Nein.", "nein danke", "lieber nicht", "keins von beiden"[:5])),
        *(("fr", text) for text in ("Non merci", "surtout pas", "aucune")),
        *(("es", text) for text in ("No.", "No, gracias", "ninguno")),
    ],
)
def test_a_no(language: str, text: str) -> None:
    assert is_no(text, language) and not is_yes(text, language)


@pytest.mark.parametrize(
    "text", ["", "yes no", "yes, turn it off", "no, I meant the bedroom", "is it on", "I know", "what"]
)
def test_neither(text: str) -> None:
    assert not is_yes(text, "en") and not is_no(text, "en")


TIMERS = ("5 minutes", "10 minutes", "pizza")


@pytest.mark.parametrize(
    ("language", "choices", "text", "wanted"),
    [
        *(
            ("en", LAMPS, text, LAMPS[:1])
            for text in ("desk lamp", "The desk lamp, please.", "the desk one", "the first one")
        ),
        *(
            ("en", LAMPS, text, LAMPS[1:])
            for text in ("the second", "number two", "the last one", "I meant the ceiling lamp")
        ),
        *(("en", LAMPS, text, LAMPS) for text in ("both", "all of them", "Both, please.")),
        *(
            ("en", LAMPS, text, ())
            for text in ("the lamp", "is the desk lamp on?", "turn off the desk lamp", "", "maybe")
        ),
        *(("en", ("lamp", "desk lamp"), text, (text,)) for text in ("lamp", "desk lamp")),
        *(("en", TIMERS, text, TIMERS[1:2]) for text in ("the ten minute timer", "10 minutes", "the 10-minute one")),
        *(("en", TIMERS, text, TIMERS[2:]) for text in ("the pizza timer", "pizza, please", "the third timer")),
        ("en", TIMERS, "set a ten minute timer", ()),
        ("en", ("today at 7:00 PM", "tomorrow at 6:30 AM"), "the one at seven o'clock", ("today at 7:00 PM",)),
        ("de", ("5 Minuten", "Pizza"), "den Pizza-Timer", ("Pizza",)),
        ("de", ("5 Minuten", "Pizza"), "der Pizzatimer", ("Pizza",)),
        ("de", ("5 Minuten", "Pizza"), "der fünf Minuten Timer", ("5 Minuten",)),
        ("fr", ("5 minutes", "pizza"), "le minuteur de cinq minutes", ("5 minutes",)),
        ("es", ("5 minutos", "pizza"), "el temporizador de cinco minutos", ("5 minutos",)),
        ("de", ("Deckenlampe", "Stehlampe"), "die zweite bitte", ("Stehlampe",)),
        ("de", ("Deckenlampe", "Stehlampe"), "Ich meine die Deckenlampe", ("Deckenlampe",)),
        ("de", ("Deckenlampe", "Stehlampe"), "beide", ("Deckenlampe", "Stehlampe")),
        ("fr", ("lampe du bureau", "lampe du salon"), "celle du salon", ("lampe du salon",)),
        ("fr", ("lampe du bureau", "lampe du salon"), "la première", ("lampe du bureau",)),
        ("fr", ("lampe du bureau", "lampe du salon"), "les deux", ("lampe du bureau", "lampe du salon")),
        ("es", ("lámpara del salón", "lámpara de la cocina"), "la de la cocina", ("lámpara de la cocina",)),
        ("es", ("lámpara del salón", "lámpara de la cocina"), "La segunda, por favor", ("lámpara de la cocina",)),
        ("es", ("lámpara del salón", "lámpara de la cocina"), "ambas", ("lámpara del salón", "lámpara de la cocina")),
    ],
)
def test_a_choice(language: str, choices: tuple[str, ...], text: str, wanted: tuple[str, ...]) -> None:
    assert chosen(text, choices, language) == wanted


@dataclass
class House:
    """A skill that asks back before it does anything, and what it did."""

    ask: Ask | None = None
    did: list[str] = field(default_factory=list)
    slow: float = 0.0

    def __post_init__(self) -> None:
        self.ask = self.ask or Ask(self.do, LAMPS, self.all)

    async def do(self, choice: str) -> Reply:
        await asyncio.sleep(self.slow)
        self.did.append(choice)
        return Reply(f"The {choice} is on.")

    async def all(self) -> Reply:
        return await self.do("both")

    async def which(self, asked: Asked) -> Reply:
        return Reply("Which one? The desk lamp or the ceiling lamp?", asks=self.ask)

    @property
    def skill(self) -> Skill:
        return Skill(name="lamps", intents={"Which": self.which}, reads=frozenset({"Which"}))


UNDERSTOOD = {"Lamp on": Recognition("Which", complete=True)}


def room(hears: list[AudioChunk], said: list[str]) -> Room:
    config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="intent", draft=DraftConfig(attempts=9))
    made = Room(hears, FakeStt(list(said)), FakeChat(["Well."] * 20), config=config)
    made.specs["intent"] = fake_spec("intent", Kind.INTENT, FakeIntent(UNDERSTOOD))
    return made


def live(room: Room, house: House, then: Callable[[Listener], Awaitable[None]]) -> None:
    async def main() -> None:
        async with room.opened() as listener:
            listener._equipment.skills.append(house.skill)
            await then(listener)

    run_in_virtual_time(main())


async def asked(equipment: Equipment, text: str, conversation: str = "c") -> str:
    async with aclosing(text_turn(Turn(equipment, "jarvis", "test"), text, conversation)) as words:
        return "".join([word async for word in words])


@pytest.mark.parametrize(
    ("answer", "did"),
    [("the second one", ["ceiling lamp"]), ("desk lamp", ["desk lamp"]), ("both", ["both"]), ("no", []), ("why", [])],
)
def test_the_next_turn_of_the_conversation_is_the_answer_once(answer: str, did: list[str]) -> None:
    made, house = room([], []), House()

    async def then(listener: Listener) -> None:
        parts = listener._equipment
        assert (await asked(parts, "Lamp on")).startswith("Which one?")
        assert await asked(parts, "desk lamp", "another") == "Well.", "in another conversation it means nothing"
        assert not house.did
        await asked(parts, answer)
        assert house.did == did
        assert await asked(parts, "desk lamp") == "Well.", "asked once"
        assert house.did == did

    live(made, house, then)
    rungs = [receipt.rung for receipt in made.receipts]
    assert rungs == ["exact", "chat", "chat" if answer == "why" else "answer", "chat"]


def test_two_answers_at_once_are_one() -> None:
    made, house = room([], []), House(slow=1.0)

    async def then(listener: Listener) -> None:
        parts = listener._equipment
        await asked(parts, "Lamp on")
        said = await asyncio.gather(*(asked(parts, "desk lamp") for _ in range(3)))
        assert sorted(said) == ["The desk lamp is on.", "Well.", "Well."]

    live(made, house, then)
    assert house.did == ["desk lamp"]


def test_what_was_asked_expires_with_the_conversation_and_is_forgotten_with_it() -> None:
    made, house = room([], []), House()

    async def then(listener: Listener) -> None:
        parts = listener._equipment
        await asked(parts, "Lamp on")
        await asyncio.sleep(301)
        assert await asked(parts, "desk lamp") == "Well."
        await asked(parts, "Lamp on")
        parts.conversations.forget()
        assert await asked(parts, "desk lamp") == "Well."

    live(made, house, then)
    assert not house.did


def test_an_answer_that_fails_is_not_asked_for_again() -> None:
    async def fail(choice: str) -> Reply:
        raise AssistantError("no luck")

    made, house = room([], []), House(Ask(fail, LAMPS))

    async def then(listener: Listener) -> None:
        parts = listener._equipment
        await asked(parts, "Lamp on")
        with pytest.raises(AssistantError):
            await asked(parts, "desk lamp")
        assert await asked(parts, "desk lamp") == "Well."

    live(made, house, then)


def test_a_reply_that_is_left_before_its_end_asks_nothing() -> None:
    made, house = room([], []), House()

    async def then(listener: Listener) -> None:
        parts = listener._equipment
        async with aclosing(text_turn(Turn(parts, "jarvis", "test"), "Lamp on", "c")) as words:
            assert await anext(words)
        assert await asked(parts, "desk lamp") == "Well."

    live(made, house, then)
    assert not house.did


def test_by_voice_the_answer_needs_no_wake_word() -> None:
    made, house = room([*ASKED, *quiet(3.4), *voice(1.0)], ["Lamp on", "the second one"] * 9), House()
    made.stt.script = ["Lamp on", "the second one"]

    async def then(listener: Listener) -> None:
        await made.until(lambda: len(made.receipts) > 1)

    live(made, house, then)
    assert house.did == ["ceiling lamp"]
    assert [(receipt.rung, receipt.wake_word) for receipt in made.receipts] == [("exact", "hey_jarvis"), ("answer", "")]
    assert made.tts.said[-1] == "The ceiling lamp is on."


@pytest.mark.parametrize("pauses", [0.1, 0.2, 0.3])
def test_a_draft_of_the_answer_does_nothing(pauses: float) -> None:
    """Somebody answers, pauses, and goes on: only the whole of it counts."""
    hears = [*ASKED, *quiet(3.4), *voice(0.6), *quiet(pauses), *voice(0.6)]
    made, house = room(hears, []), House()
    made.stt.script = ["Lamp on", "desk lamp", "desk lamp or rather what time is it"]

    async def then(listener: Listener) -> None:
        await made.until(lambda: len(made.receipts) > 1)

    live(made, house, then)
    heard = [event["text"] for event in made.said(EventType.STT_END)]
    assert heard == ["Lamp on", "desk lamp or rather what time is it"]
    assert not house.did


@pytest.mark.parametrize("at", [1.0, 1.6, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0, 3.4])
def test_a_wake_word_at_any_moment_of_the_reply_never_answers_what_was_not_heard(at: float) -> None:
    hears = [*ASKED, *quiet(at), MARKER, *quiet(0.4), *voice(1.2)]
    made, house = room(hears, []), House()
    made.stt.script = ["Lamp on", "desk lamp"]
    live(made, house, lambda listener: asyncio.sleep(30))
    replies = [receipt.outcome for receipt in made.receipts if receipt.rung == "exact"]
    assert house.did == (["desk lamp"] if replies == ["answered"] else [])
