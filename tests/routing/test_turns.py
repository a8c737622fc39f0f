"""Fail-over as somebody hears it: turns by voice and in writing, with tools, of a private assistant."""

import asyncio
from contextlib import aclosing
from functools import cache
from typing import Any

import pytest

from assistant import Capabilities, Done, EngineError, EventType, Kind, TextDelta, Tool, ToolCall, ToolSpec
from assistant.config import AssistantConfig
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.listen import Listener
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.turn import Turn
from assistant.pipeline.warming import warm
from assistant.testing import FakeChat, FakeStt, fake_spec, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice
from tests.pipeline.tool_house import LAMP
from tests.routing.models import TEXT, Writer

ASKED = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2)]
GONE = EngineError("it broke its reply off")


def room_of(strategy: str = "order", hears: Any = (), tools: dict[str, Tool] | None = None, **chats: Any) -> Room:
    """Return a room with these chat models, asked in this order."""
    room = Room([*hears], FakeStt(["Tell me about Rome."] * 3), tools=tools or {})
    room.config = AssistantConfig(wake=["hey_jarvis"], turn="", intent="", chat=[*chats], strategy=strategy)  # type: ignore[arg-type]
    room.specs = {
        id_: fake_spec(
            id_, Kind.CHAT, chat, chat.capabilities if isinstance(chat, Writer) else Capabilities(tools=True)
        )
        for id_, chat in chats.items()
    }
    return room


async def ask(listener: Listener, words: str = "Tell me about Rome.") -> str:
    async with aclosing(text_turn(Turn(listener._equipment, "jarvis", "test"), words, "c")) as reply:
        return "".join([word async for word in reply])


def answer(room: Room, words: str = "Tell me about Rome.") -> str:
    async def main() -> str:
        async with room.opened() as listener:
            return await ask(listener, words)

    return run_in_virtual_time(main())


async def nobody(arguments: Any) -> str:
    """Do nothing: no tool is called."""
    return ""


@cache
def spoken() -> list[str]:
    """Return the clauses of a reply that nobody cuts."""
    room = room_of(hears=ASKED, only=Writer())
    run_in_virtual_time(room.live(40))
    assert len(room.tts.said) == 2
    return room.tts.said


@pytest.mark.parametrize("at", [0, 10, 33, 60, 90])
@pytest.mark.parametrize("fails", [GONE, 999.0])
@pytest.mark.parametrize("local", [True, False])
def test_what_is_heard_is_whole_wherever_the_first_is_cut(at: int, fails: Any, local: bool) -> None:
    first, second = Writer(fails, at, local=local), Writer(continues=False)
    room = room_of(hears=ASKED, first=first, second=second)
    run_in_virtual_time(room.live(40))
    assert room.tts.said == spoken() and room.said(EventType.INTENT_END) == [{"reply": TEXT}]
    [receipt] = room.receipts
    assert receipt.outcome == "answered" and receipt.models["chat"] == "second"
    assert [step.outcome for step in receipt.route] == [
        "engine_timeout" if fails == 999.0 else "engine_error",
        "answered",
    ]


def test_what_is_remembered_is_what_was_heard() -> None:
    room = room_of(first=Writer(GONE, 33), second=Writer())
    assert answer(room) == TEXT
    assert room.exchanges[0].heard == TEXT


def test_after_a_tool_was_run_nobody_goes_on_but_before_one_was_somebody_does() -> None:
    ran: list[Any] = []

    async def lamp(arguments: Any) -> str:
        ran.append(arguments)
        return "on"

    tools = {"lamp": Tool(ToolSpec("lamp", "Switch the lamp.", LAMP), lamp, trusted=True)}
    call = ToolCall("1", "lamp", {"on": True})
    second = FakeChat([[TextDelta("It "), call, Done("tool_calls")], "is on."])
    assert answer(room_of(tools=tools, first=Writer(GONE, calls=(call,)), second=second), "Lamp on.") == "It \nis on."
    assert ran == [{"on": True}]
    acted, third = FakeChat([[call, Done("tool_calls")], GONE]), FakeChat(["No."])
    with pytest.raises(EngineError, match="broke"):
        answer(room_of(tools=tools, first=acted, second=third), "Lamp on.")
    assert len(ran) == 2 and not third.requests


@pytest.mark.parametrize("fails", [GONE, 999.0])
@pytest.mark.parametrize("at", [0, 33])
def test_a_private_assistant_fails_rather_than_ask_elsewhere(fails: Any, at: int) -> None:
    away, first = Writer(local=False), Writer(fails, at)
    room = room_of("private", away=away, first=first, other=Writer(fails, at))
    with pytest.raises(EngineError):
        answer(room)
    assert not away.requests and first.requests
    assert [step.model for step in room.receipts[0].route] == ["first", "other"]


def test_a_private_assistant_goes_on_with_what_is_here() -> None:
    away = Writer(local=False)
    room = room_of("private", hears=ASKED, first=Writer(GONE, 33), away=away, second=Writer())
    run_in_virtual_time(room.live(40))
    assert room.tts.said == spoken() and not away.requests


def test_a_hang_costs_one_turn_its_time_and_no_other() -> None:
    async def main() -> list[float]:
        first = Writer(999.0)
        room, loop, took = room_of(first=first, second=Writer()), asyncio.get_running_loop(), []
        async with room.opened() as listener:
            for _ in range(3):
                began = loop.time()
                assert await ask(listener) == TEXT
                took.append(loop.time() - began)
        assert len(first.requests) == 1
        return took

    first, *others = run_in_virtual_time(main())
    assert first > 2 and all(seconds < 0.5 for seconds in others)


def test_who_did_not_answer_is_told_when_somebody_asks_why() -> None:
    async def main() -> None:
        room = room_of(first=Writer(GONE, 33), second=Writer())
        async with room.opened() as listener:
            await ask(listener)
            account = listener._equipment.conversations.account("c")
            assert account is not None and (account.model, account.instead_of) == ("second", ("first",))

    run_in_virtual_time(main())


@pytest.mark.parametrize(
    "tools", [{}, {"lamp": Tool(ToolSpec("lamp", "Switch the lamp.", LAMP), nobody, trusted=True)}]
)
def test_a_server_that_stalls_while_it_is_heard_is_gone_on_with_and_that_is_told(tools: dict[str, Tool]) -> None:
    async def main() -> None:
        first, second = Writer(tells_calls=True, local=False), Writer()
        chats: dict[str, Any] = {"pc/large": first, "here": second}
        room = room_of(tools=tools, **chats)
        async with room.opened() as listener:
            accounts = listener._equipment.conversations
            await warm(Turn(listener._equipment, "jarvis", "test"), Conversation("c"))
            assert await ask(listener) == TEXT and not second.requests
            assert bool(first.requests[0].tools) == bool(tools)
            first.pauses = {33: 999.0}
            assert await ask(listener) == TEXT
            account = accounts.account("c")
            assert account is not None and (account.model, account.instead_of) == ("here", ("pc/large",))
            await asyncio.sleep(6)  # it may try again
            first.pauses, second.pauses = {33: 0.5}, dict.fromkeys(range(30, 36), 2.0)
            assert await ask(listener) == TEXT
            account = accounts.account("c")
            assert account is not None and (account.model, account.instead_of) == ("pc/large", ())
        told = [[(step.model, step.outcome) for step in receipt.route] for receipt in room.receipts]
        assert told[1:] == [
            [("pc/large", "stalled"), ("here", "answered")],
            [("pc/large", "answered"), ("here", "not needed")],
        ]
        assert [receipt.models["chat"] for receipt in room.receipts] == ["pc/large", "here", "pc/large"]

    run_in_virtual_time(main())


def test_who_stands_in_for_a_server_has_read_the_prompt() -> None:
    async def main() -> None:
        here, other = FakeChat(), FakeChat()
        chats: dict[str, Any] = {"pc/large": Writer(local=False), "here": here, "other": other}
        room = room_of(**chats)
        async with room.opened() as listener:
            await warm(Turn(listener._equipment, "jarvis", "test"), Conversation("c"))
        assert len(here.warmed) == 1 and not other.warmed

    run_in_virtual_time(main())
