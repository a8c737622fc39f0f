"""The end of the ladder: contradictions, what nobody understands, long and empty sentences, a bigger model."""

from contextlib import aclosing
from typing import Any

import pytest

from assistant import (
    Asked,
    Capabilities,
    ChatMessage,
    ChatRequest,
    EngineError,
    Kind,
    Recognition,
    Reply,
    Skill,
    Tool,
    ToolCall,
    ToolSpec,
)
from assistant.chat import Done
from assistant.config import AssistantConfig
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.ladder.harder import without_call_for_more
from assistant.pipeline.listen import Listener
from assistant.pipeline.question import Question
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.turn import Turn
from assistant.testing import FakeChat, FakeIntent, fake_spec, run_in_virtual_time
from tests.pipeline.room import Room
from tests.pipeline.tool_house import LAMP

UNDERSTOOD = {
    "turn the light on": Recognition("On", complete=True),
    "turn the light off": Recognition("Off", complete=True),
    "is the light on": Recognition("Is", complete=True),
    "is the light off": Recognition("Is", complete=True),
    "schalte das licht an": Recognition("On", complete=True),
    "schalte das licht aus": Recognition("Off", complete=True),
}


Talk = tuple[list[str], Room, list[str]]


def talk(said: list[str], language: str = "en", chat: str | list[str | list[str]] = "", **chats: Any) -> Talk:
    """Say one thing after the other; return the answers, the room, and what was done."""
    room, did, answers = Room([]), list[str](), list[str]()
    room.config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="intent", chat=chat, language=language)
    room.specs = {"intent": fake_spec("intent", Kind.INTENT, FakeIntent(UNDERSTOOD)), **chats}

    async def do(asked: Asked) -> Reply:
        did.append(asked.intent)
        return Reply("Done.")

    async def main() -> None:
        async with room.opened() as listener:
            skill = Skill(name="light", intents=dict.fromkeys(("On", "Off", "Is"), do), reads=frozenset({"Is"}))
            listener._equipment.skills.append(skill)
            for words in said:
                answers.append(await asked_once(listener, words))

    run_in_virtual_time(main())
    return answers, room, did


async def asked_once(listener: Listener, words: str) -> str:
    async with aclosing(text_turn(Turn(listener._equipment, "jarvis", "test"), words, "c")) as reply:
        return "".join([word async for word in reply])


@pytest.mark.parametrize(
    ("language", "said", "choice", "done"),
    [
        ("en", "Turn the light on and off.", "off", ["Off"]),
        ("en", "turn the light off or on", "on, please", ["On"]),
        ("en", "turn the light on and then off", "the first one", ["On"]),
        ("en", "turn the light on and off", "no", []),
        ("de", "Schalte das Licht an und aus", "aus", ["Off"]),
    ],
)
def test_a_contradiction_is_asked_about(language: str, said: str, choice: str, done: list[str]) -> None:
    answers, room, did = talk([said, choice], language)
    assert answers[0].endswith("?") and did == done
    assert [receipt.rung for receipt in room.receipts] == ["none", "answer"]


@pytest.mark.parametrize("said", ["is the light on or off", "the ups and downs of life", "why do stars go on and off"])
def test_what_is_no_command_is_no_contradiction(said: str) -> None:
    answers, _, did = talk([said])
    assert answers == ["Sorry, I did not understand that."] and not did


@pytest.mark.parametrize(
    ("language", "unknown", "long"),
    [
        ("en", "did not understand", "too much at once"),
        ("de", "nicht verstanden", "zu viel auf einmal"),
        ("fr", "pas compris", "trop à la fois"),
        ("es", "no te he entendido", "demasiado de una vez"),
        ("it", "non ho capito", "troppo in una volta"),
        ("nl", "begreep ik niet", "te veel tegelijk"),
    ],
)
def test_without_a_chat_model_it_is_said_that_nobody_understood(language: str, unknown: str, long: str) -> None:
    answers, room, _ = talk(["blorf gronk", "", "?!", "word " * 500], language)
    assert all(unknown in answer for answer in answers[:3]) and long in answers[3]
    assert {(receipt.outcome, receipt.rung) for receipt in room.receipts} == {("answered", "none")}


def test_five_hundred_words_are_left_to_the_chat_model_where_there_is_one() -> None:
    chat = FakeChat(["Well."])
    answers, room, _ = talk(["word " * 500], chat="big", big=fake_spec("big", Kind.CHAT, chat))
    assert answers == ["Well."] and len(chat.requests) == 1
    assert room.receipts[0].rung == "chat"


def ranked(rank: int, *script: Any) -> tuple[Any, FakeChat]:
    chat = FakeChat(list(script))
    return fake_spec("chat", Kind.CHAT, chat, Capabilities(tools=True, rank=rank)), chat


@pytest.mark.parametrize(
    ("small_says", "answer", "rung"),
    [
        ("Small.", "Small.", "chat"),
        ("", "Big.", "bigger"),
        (EngineError("no memory"), "Big.", "bigger"),
        (999.0, "Big.", "bigger"),
    ],
)
def test_the_next_model_is_asked_where_the_first_cannot(small_says: Any, answer: str, rung: str) -> None:
    (small, _), (big, asked) = ranked(100, small_says), ranked(900, "Big.")
    answers, room, _ = talk(["hello there"], chat=["small", "big"], small=small, big=big)
    assert answers == [answer] and room.receipts[0].rung == rung
    assert room.receipts[0].models["chat"] == ("small" if rung == "chat" else "big")
    assert len(asked.requests) == (rung == "bigger")


def test_what_a_model_began_is_not_begun_again_by_the_next() -> None:
    ran = []

    async def lamp(arguments: Any) -> str:
        ran.append(arguments)
        return "on"

    call = [ToolCall("1", "lamp", {"on": True}), Done("tool_calls")]
    (small, _), (big, asked) = ranked(7000, call, EngineError("out of memory")), ranked(9000, "Big.")
    room = Room([], tools={"lamp": Tool(ToolSpec("lamp", "Switch the lamp.", LAMP), lamp, trusted=True)})
    room.config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="", chat=["small", "big"])
    room.specs = {"small": small, "big": big}

    async def main() -> None:
        async with room.opened() as listener:
            with pytest.raises(EngineError):
                await asked_once(listener, "lamp please")

    run_in_virtual_time(main())
    assert len(ran) == 1 and not asked.requests


@pytest.mark.parametrize(
    ("said", "language", "rest"),
    [
        ("Ask the big model: why is the sky blue?", "en", "why is the sky blue?"),
        ("Why is the sky blue? Think harder.", "en", "Why is the sky blue?"),
        ("Think harder!", "en", "Think harder!"),
        ("Frag das große Modell, warum der Himmel blau ist", "de", "warum der Himmel blau ist"),
        ("Réfléchis bien : pourquoi le ciel est bleu ?", "fr", "pourquoi le ciel est bleu ?"),
        ("Pregunta al modelo grande por qué el cielo es azul", "es", "por qué el cielo es azul"),
        ("I think hard work is good", "en", None),
        ("what does a big model cost", "en", None),
    ],
)
def test_a_call_for_a_bigger_model(said: str, language: str, rest: str | None) -> None:
    found = without_call_for_more(Question(ChatRequest((ChatMessage.of("user", said),)), language, Conversation("c")))
    assert (found and found.text) == rest


def test_the_biggest_model_is_asked_where_somebody_wants_that() -> None:
    (small, first), (big, asked) = ranked(100, "Small."), ranked(900, "Big.")
    answers, room, _ = talk(["ask the big model why the sky is blue"], chat=["small", "big"], small=small, big=big)
    assert answers == ["Big."] and room.receipts[0].rung == "bigger"
    assert asked.requests[0].messages[-1].text == "why the sky is blue" and not first.requests
