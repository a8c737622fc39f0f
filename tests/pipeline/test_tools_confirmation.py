"""What is sensitive needs a known person's yes: their own, to that very question, in time."""

import asyncio
import random
from typing import Any

import pytest

from assistant import OWNER, Asked, Capabilities, Done, EventType, Kind, Reply, Skill, Tool, ToolCall, ToolSpec
from assistant.config import AssistantConfig, DeviceConfig, EndpointConfig
from assistant.pipeline.consent import SECONDS, words_of
from assistant.pipeline.receipt import Action
from assistant.speech import Recognition, Transcript
from assistant.testing import FakeChat, FakeStt, fake_spec, run_in_virtual_time
from tests.pictures import picture
from tests.pipeline.room import MARKER, Room, quiet, voice
from tests.pipeline.tool_house import DOOR, House, call

UNLOCK = call("unlock_door", door="front")
LAMP = call("lamp", on=True)
ASKS = "Shall I really run “unlock door”, with door: front?"


def house(*script: Any, **options: Any) -> House:
    return House(FakeChat(list(script)), **options)


def test_a_yes_runs_exactly_what_was_asked() -> None:
    h = house(UNLOCK, "Never said.")
    assert h.ask("Unlock the front door.", "Yes, please!") == [ASKS, "It is done."]
    assert h.ran == [("unlock_door", {"door": "front"})]
    assert len(h.chat.requests) == 1, "the model has no part in it"
    asked, done = h.room.receipts
    assert asked.actions == (Action("unlock_door", "sensitive", "asked"),)
    assert done.actions == (Action("unlock_door", "sensitive", "ok", confirmed=True),)
    assert h.room.said(EventType.TOOL_START) == [
        {"tool": "unlock_door", "risk": "sensitive", "arguments": {"door": "front"}}
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "No.",
        "Never mind.",
        "Yes, but the back door.",
        "What time is it?",
        "Stop.",
        "...",
        "Yes?",
        "Okay?",
        "Sure, why?",
    ],
)
def test_anything_else_drops_it(answer: str) -> None:
    h = house(UNLOCK, "All right.", "Pardon?")
    h.ask("Unlock the front door.", answer, "Yes.")
    assert not h.ran


def test_a_yes_counts_once() -> None:
    h = house(UNLOCK, "Pardon?")
    h.ask("Unlock the front door.", "Yes.", "Yes.")
    assert len(h.ran) == 1


def test_a_yes_that_comes_late_does_not_count() -> None:
    h = house(UNLOCK)
    assert h.ask("Unlock the front door.", "Yes.", pause=SECONDS + 1)[1] == words_of("en").late
    assert not h.ran


@pytest.mark.parametrize("other", ["", "guest"])
def test_the_yes_of_somebody_else_does_not_count(other: str) -> None:
    """T19: another voice, such as a television's where nobody is known."""
    h = house(UNLOCK)
    assert h.ask("Unlock the front door.", "Yes.", person=[OWNER, other])[1] == words_of("en").late
    assert not h.ran


def test_a_tool_that_became_another_is_not_run() -> None:
    """T19: what was agreed to is gone, and something else has its name."""
    h = house(UNLOCK)
    first = h.room.tools["unlock_door"]

    class Swapping(FakeChat):
        async def reply(self, request: Any) -> Any:
            async for delta in FakeChat.reply(self, request):
                yield delta
            h.room.tools["unlock_door"] = Tool(ToolSpec("unlock_door", "", {"type": "object"}), first.run, "sensitive")

    h.room.chat = h.chat = Swapping([UNLOCK])
    assert h.ask("Unlock the front door.", "Yes.") == [ASKS, words_of("en").late]
    assert not h.ran


def test_a_yes_to_something_else_does_not_count() -> None:
    """T19: two things were asked about, and only the last can be meant."""
    h = house(UNLOCK, call("send_money", amount=5))
    answers = h.ask("Unlock the front door.", "No, send five pounds.", "Yes.")
    assert answers[1] == "Shall I really run “send money”, with amount: 5?"
    assert h.ran == [("send_money", {"amount": 5})]


@pytest.mark.parametrize(
    ("language", "question"),
    [
        *(("en", "Is the lamp on?"), ("en", "what does the lamp do"), ("de", "Ist die Lampe an?")),
        *(
            ("fr", "Est-ce que la lampe est allumée ?"),
            ("es", "¿Está encendida la lámpara?"),
            ("sv", "Är lampan tänd?"),
        ),
    ],
)
def test_a_question_never_acts(language: str, question: str) -> None:
    h = House(FakeChat([LAMP]), config=AssistantConfig(turn="", intent="", language=language))
    assert h.ask(question)[0].endswith("?") and not h.ran
    assert h.room.receipts[0].actions == (Action("lamp", "act", "asked"),)


@pytest.mark.parametrize("request_", ["Could you turn on the lamp, please?", "Light!", "Would you make some light?"])
def test_a_polite_request_does(request_: str) -> None:
    h = house(LAMP, "On.")
    assert h.ask(request_) == ["On."] and h.ran


def test_a_model_cannot_say_yes() -> None:
    calls: list[Any] = [ToolCall(str(n), "unlock_door", {"door": "front"}) for n in range(3)]
    h = house([*calls, Done("tool_calls")], [*calls, Done("tool_calls")], "Yes.", "Yes.")
    h.ask("Hello?", "Hello again?", "And now?")
    assert not h.ran


def test_what_comes_after_what_is_asked_about_does_not_run() -> None:
    both: list[Any] = [ToolCall("1", "unlock_door", {"door": "front"}), ToolCall("2", "lamp", {"on": True})]
    h = house([*both, Done("tool_calls")])
    h.ask("Unlock the door and make light.", "Yes.")
    assert h.ran == [("unlock_door", {"door": "front"})]


def test_it_fails_honestly() -> None:
    async def jams(arguments: Any) -> str:
        raise OSError("it is jammed")

    h = house(UNLOCK, tools={"unlock_door": Tool(ToolSpec("unlock_door", "", DOOR), jams, "sensitive")})
    assert h.ask("Unlock it.", "Yes.")[1] == "Sorry, that did not work."
    assert h.room.receipts[1].actions == (Action("unlock_door", "sensitive", "failed", confirmed=True),)


def test_what_cannot_be_told_whole_is_not_asked() -> None:
    h = house(call("pay", why="x" * 400))

    async def pay(arguments: Any) -> str:
        raise AssertionError

    h.room.tools["pay"] = Tool(ToolSpec("pay", "", {"type": "object"}), pay, "sensitive")
    assert h.ask("Pay.", "Yes.")[0] == words_of("en").untold
    assert h.room.receipts[0].actions == (Action("pay", "sensitive", "refused"),)


@pytest.mark.parametrize(
    ("language", "act", "asks", "yes", "done"),
    [
        ("de", "die Haustür aufschließen", "Soll ich wirklich die Haustür aufschließen?", "Ja.", "Das ist erledigt."),
        ("en-GB", "unlock the front door", "Shall I really unlock the front door?", "Yes.", "It is done."),
        ("es", "abrir la puerta", "¿De verdad debo abrir la puerta?", "Sí.", "Está hecho."),
        ("fr", "ouvrir la porte", "Dois-je vraiment ouvrir la porte ?", "Oui.", "C'est fait."),
        ("it", "aprire la porta", "Devo davvero aprire la porta?", "Sì.", "Fatto."),
        ("nl", "de voordeur openen", "Moet ik echt de voordeur openen?", "Ja.", "Het is gedaan."),
    ],
)
def test_it_is_asked_in_the_language_of_the_person(language: str, act: str, asks: str, yes: str, done: str) -> None:
    async def run(arguments: Any) -> str:
        h.ran.append(("unlock_door", arguments))
        return "unlocked"

    def describe(arguments: Any, tag: str) -> str:
        assert (arguments["door"], tag) == ("front", language)
        return act

    tool = Tool(ToolSpec("unlock_door", "", DOOR), run, "sensitive", describe=describe)
    config = AssistantConfig(turn="", intent="", language=language)
    h = House(FakeChat([UNLOCK]), config=config, tools={"unlock_door": tool})
    assert h.ask("!", yes) == [asks, done] and len(h.ran) == 1


def test_a_tool_that_cannot_describe_itself_is_told_by_its_name() -> None:
    def describe(arguments: Any, tag: str) -> str:
        raise KeyError("door")

    async def run(arguments: Any) -> str:
        return ""

    tool = Tool(ToolSpec("unlock_door", "", DOOR), run, "sensitive", describe=describe)
    assert house(UNLOCK, tools={"unlock_door": tool}).ask("!") == [ASKS]


# -- who is not known ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["de", "en", "es", "fr", "it", "nl"])
def test_somebody_who_is_not_known_is_told_what_to_do_instead(language: str) -> None:
    h = House(FakeChat([UNLOCK, UNLOCK]), config=AssistantConfig(turn="", intent="", language=language))
    yes = {"de": "Ja.", "es": "Sí.", "fr": "Oui.", "it": "Sì.", "nl": "Ja."}.get(language, "Yes.")
    assert h.ask("!", yes, person="") == [words_of(language).unknown] * 2
    assert not h.ran
    for request in h.chat.requests:
        assert [tool.name for tool in request.tools] == ["lamp", "read_clock", "read_web"]
        assert "send money, unlock door" in request.messages[0].text


def test_what_is_harmless_is_done_for_anybody() -> None:
    h = house(call("lamp", on=True), "On.")
    assert h.ask("Light!", person="") == ["On."]
    assert h.ran == [("lamp", {"on": True})]


# -- skills ----------------------------------------------------------------------------------------------------------


class Locks:
    """An intent engine that knows one sentence, and no words."""

    def teach(self, vocabulary: Any) -> None:
        pass

    def recognise(self, text: str, language: str, context: dict[str, str]) -> Recognition | None:
        found = text.lower().startswith("unlock")
        return Recognition("HassUnlock", complete=True, slots={"name": "front door"}) if found else None

    def phrase(self, intent: str, key: str, language: str, facts: Any) -> str:
        return f"{facts['name']}: {facts['state']}"


def locked(describe: Any = None, foreign: bool = False) -> tuple[House, list[Asked]]:
    done: list[Asked] = []

    async def unlock(asked: Asked) -> Reply:
        done.append(asked)
        return Reply(facts={"state": "unlocked"})

    here = frozenset({"HassUnlock"})
    marks: Any = {"foreign": here} if foreign else {"sensitive": here, "describe": describe}
    skill = Skill(name="locks", intents={"HassUnlock": unlock}, **marks)
    h = House(FakeChat(["Pardon?"] * 9), config=AssistantConfig(turn="", intent="locks"), skills=[skill])
    h.room.specs["locks"] = fake_spec("locks", Kind.INTENT, Locks())
    return h, done


def test_a_sensitive_intent_is_asked_about_in_the_persons_own_words() -> None:
    h, done = locked()
    assert h.ask("Unlock the front door.", "Yes.") == [
        "Shall I really do this: “Unlock the front door.”?",
        "front door: unlocked",
    ]
    assert [asked.turn for asked in done] == [h.room.receipts[1].turn]
    assert h.room.receipts[1].actions == (Action("HassUnlock", "sensitive", "ok", confirmed=True),)


def test_a_skill_can_say_it_better() -> None:
    h, done = locked(lambda asked: f"unlock the {asked.slots['name']}")
    assert h.ask("Unlock it.", "No.", "Yes.")[0] == "Shall I really unlock the front door?" and not done


def test_a_sensitive_intent_is_not_for_somebody_who_is_not_known() -> None:
    h, done = locked()
    assert h.ask("Unlock the front door.", "Yes.", person="")[0] == words_of("en").unknown and not done


# -- what others wrote -----------------------------------------------------------------------------------------------

LAMP_ASKS = "Shall I really run “lamp”, with on: true?"


def test_an_image_is_the_words_of_others() -> None:
    h = house(LAMP)
    h.room.specs["chat"] = fake_spec(
        "chat", Kind.CHAT, h.chat, Capabilities(tools=True, inputs=frozenset({"text", "image"}))
    )
    assert h.ask("What is this?", "Yes.", images=[picture()]) == [LAMP_ASKS, "It is done."]
    assert h.ran == [("lamp", {"on": True})]


def test_so_is_a_reply_that_a_skill_got_from_others() -> None:
    h, _ = locked(foreign=True)
    h.chat.script[:] = [LAMP]
    assert h.ask("Unlock what is playing.", "Light!") == ["front door: unlocked", LAMP_ASKS]


def test_it_is_forgotten_with_the_conversation() -> None:
    h = house(call("read_web", url="a"), "Sunny.", call("lamp", "2", on=True), "On.")
    assert h.ask("Weather?", "Light!", pause=301) == ["Sunny.", "On."]
    assert h.ran[1:] == [("lamp", {"on": True})]


# -- by voice --------------------------------------------------------------------------------------------------------


PATIENT = EndpointConfig(shortest=0.8, silence=0.8, longest=0.8)


class Ears(FakeStt):
    """Hear words by how much was said of them."""

    def __init__(self, first: str, whole: str, seconds: float) -> None:
        super().__init__()
        self.first, self.whole, self.seconds = first, whole, seconds
        self.second = False

    async def transcribe(self, audio: Any, options: Any) -> Any:
        said = 0.0
        async for chunk in audio:
            said += chunk.duration * any(chunk.audio)
        if not self.second:
            yield Transcript(self.first, "en")
        else:
            yield Transcript(self.whole if said >= self.seconds else "Yes.", "en")


def spoken(seed: int, whole: str) -> tuple[Room, list[str]]:
    """Make a room where somebody asks, and answers with random pauses; a part of the answer sounds like a yes."""
    chance = random.Random(seed)
    ran: list[str] = []

    async def unlock(arguments: Any) -> str:
        ran.append(arguments["door"])
        return "unlocked"

    pieces = [chance.uniform(0.3, 0.8) for _ in range(chance.randrange(1, 4))]
    answer = []
    for piece in pieces:
        answer += [*voice(piece), *quiet(chance.uniform(0.08, 0.5))]
    sounded = sum(chunk.duration for chunk in answer if any(chunk.audio))
    hears = [*quiet(0.4), MARKER, *quiet(0.4), *voice(1.0), *quiet(12), MARKER, *quiet(0.4), *answer]
    room = Room(
        hears,
        Ears("Unlock the door.", whole, sounded - 0.01),
        FakeChat([UNLOCK, *["Well, well."] * 9], pace=chance.uniform(0.001, 0.1)),
        tools={"unlock_door": Tool(ToolSpec("unlock_door", "", DOOR), unlock, "sensitive")},
        device=DeviceConfig(person="anna"),
        config=AssistantConfig(wake=["hey_jarvis"], turn="", intent="", endpoint=PATIENT),
    )
    return room, ran


def test_by_voice_nothing_sensitive_is_done_where_anybody_may_be_heard() -> None:
    """T19: whoever says yes to a device that is nobody's own, a television among them, is not known."""
    room, ran = spoken(0, "Yes.")
    room.device = DeviceConfig()

    async def main() -> None:
        ears: Any = room.stt
        async with room.opened():
            await room.until(lambda: room.receipts)
            assert room.tts.said[-1] in words_of("en").unknown
            ears.second = True
            await room.until(lambda: [r for r in room.receipts if r.outcome == "answered"][1:])

    run_in_virtual_time(main())
    assert not ran


@pytest.mark.parametrize("whole", ["Yes.", "Yes, and what is the time?", "No.", "Tell me a joke."])
def test_by_voice_it_runs_once_the_yes_is_whole_and_never_before(whole: str) -> None:
    """T20: twenty-five patterns of pauses each: a draft of the answer may hear a yes that goes on as something else."""
    for seed in range(25):
        room, ran = spoken(seed, whole)

        async def main(room: Room = room, ran: list[str] = ran) -> None:
            ears: Any = room.stt
            async with room.opened():
                await room.until(lambda: room.receipts)
                assert room.tts.said[-1].endswith("?") and not ran
                ears.second = True
                while len(room.said(EventType.STT_VAD_END)) < 2:
                    assert not ran
                    await asyncio.sleep(0.02)
                await room.until(lambda: [r for r in room.receipts if r.outcome == "answered"][1:])

        run_in_virtual_time(main())
        assert ran == ["front"] * (whole == "Yes."), seed
