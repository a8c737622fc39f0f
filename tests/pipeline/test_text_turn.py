"""A turn of text: words come as they are written, both sides are remembered, a receipt is kept whatever happens."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import pytest

from assistant import ChatDelta, ChatMessage, ChatRequest, EngineError, EventType
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.turn import Turn
from assistant.testing import FakeChat, run_in_virtual_time
from tests.pipeline.room import Room


@asynccontextmanager
async def equipment(room: Room) -> AsyncGenerator[Equipment, None]:
    async with room.opened() as listener:
        yield listener._equipment


async def ask(equipment: Equipment, text: str, conversation: str = "") -> list[str]:
    async with aclosing(text_turn(Turn(equipment, "jarvis", "test"), text, conversation)) as words:
        return [word async for word in words]


def test_words_come_as_they_are_written_and_a_receipt_is_kept() -> None:
    room = Room([], chat=FakeChat(["Hello there, you."]))

    async def main() -> None:
        async with equipment(room) as parts:
            assert await ask(parts, "Hi?") == ["Hello", " there,", " you."]

    run_in_virtual_time(main())
    [receipt] = room.receipts
    assert (receipt.outcome, receipt.device, receipt.models) == ("answered", "test", {"chat": "chat"})
    assert list(receipt.parts) == ["first_token"]
    kinds = [kind for kind in room.types() if kind in (EventType.RUN_START, EventType.INTENT_END, EventType.RUN_END)]
    assert kinds == [EventType.RUN_START, EventType.INTENT_END, EventType.RUN_END]


def test_a_conversation_remembers_and_a_turn_that_stands_alone_does_not() -> None:
    room = Room([], chat=FakeChat(["One.", "Two.", "Three."]))

    async def main() -> None:
        async with equipment(room) as parts:
            await ask(parts, "First?", "c")
            await ask(parts, "Second?", "c")
            await ask(parts, "Third?")

    run_in_virtual_time(main())
    spoken = [[message.text for message in request.messages[1:]] for request in room.chat.requests]
    assert spoken == [["First?"], ["First?", "One.", "Second?"], ["Third?"]]


def test_a_model_that_fails_is_told_and_what_it_said_before_is_remembered() -> None:
    class Failing(FakeChat):
        async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
            async with aclosing(super().reply(request)) as deltas:
                async for delta in deltas:
                    yield delta
                    raise EngineError("it broke")

    room = Room([], chat=Failing(["Half a word."]))

    async def main() -> None:
        async with equipment(room) as parts:
            with pytest.raises(EngineError, match="it broke"):
                await ask(parts, "Hi?", "c")
            async with parts.conversations.turn("c") as talk:
                assert talk.messages == (ChatMessage.of("user", "Hi?"), ChatMessage.of("assistant", "Half"))

    run_in_virtual_time(main())
    assert [receipt.outcome for receipt in room.receipts] == ["failed"]
    assert [event["message"] for event in room.said(EventType.ERROR)] == ["it broke"]


@pytest.mark.parametrize("how", ["leaves", "is cancelled"])
def test_who_leaves_ends_the_writing_and_keeps_what_was_said(how: str) -> None:
    room = Room([], chat=FakeChat(["One two three four five six."]))

    async def read_two(parts: Equipment) -> None:
        async with aclosing(text_turn(Turn(parts, "jarvis", "test"), "Hi?", "c")) as words:
            await anext(words)
            await anext(words)
            if how == "is cancelled":
                await asyncio.Event().wait()

    async def main() -> None:
        async with equipment(room) as parts:
            task = asyncio.create_task(read_two(parts))
            await asyncio.sleep(5)
            task.cancel()
            await asyncio.wait({task})
            async with parts.conversations.turn("c") as talk:
                assert [message.text for message in talk.messages] == ["Hi?", "One two"]

    run_in_virtual_time(main())
    assert [receipt.outcome for receipt in room.receipts] == ["interrupted"]
    assert room.chat.finished == 0


def test_who_is_cancelled_while_the_model_writes_is_interrupted() -> None:
    room = Room([], chat=FakeChat(["Never said."], pace=1.0))

    async def main() -> None:
        async with equipment(room) as parts:
            task = asyncio.create_task(ask(parts, "Hi?"))
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.wait({task})

    run_in_virtual_time(main())
    assert [receipt.outcome for receipt in room.receipts] == ["interrupted"]
