"""What was said before: one writer, an expiry, a bound."""

import asyncio
import itertools

from assistant import ChatMessage
from assistant.config import ConversationConfig
from assistant.pipeline import conversation
from assistant.pipeline.conversation import Conversations
from assistant.testing import run_in_virtual_time


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def said(n: int) -> tuple[ChatMessage, ChatMessage]:
    return ChatMessage.of("user", f"question {n}"), ChatMessage.of("assistant", f"answer {n}")


async def test_what_was_said_is_there_in_the_next_turn_of_the_same_conversation_only() -> None:
    conversations = Conversations(ConversationConfig(), Clock())
    async with conversations.turn("jarvis@room") as here:
        here.add(*said(1))
    async with conversations.turn("jarvis@room") as again:
        assert again.messages == said(1)
        assert again.revision == 1
    async with conversations.turn("jarvis@kitchen") as other:
        assert other.messages == ()


async def test_what_was_said_is_forgotten_after_its_expiry() -> None:
    clock = Clock()
    conversations = Conversations(ConversationConfig(expiry=300), clock)
    async with conversations.turn("a") as talk:
        talk.add(*said(1))
    clock.now += 300
    async with conversations.turn("a") as talk:
        assert talk.messages == said(1)
    clock.now += 300.1
    async with conversations.turn("a") as talk:
        assert talk.messages == ()
        assert talk.revision == 2, "a draft made on what was forgotten is worthless"


async def test_the_quiet_is_counted_from_the_end_of_a_turn() -> None:
    clock = Clock()
    conversations = Conversations(ConversationConfig(expiry=10), clock)
    async with conversations.turn("a") as talk:
        talk.add(*said(1))
        clock.now += 1000
    clock.now += 9
    async with conversations.turn("a") as talk:
        assert talk.messages == said(1)


def test_a_conversation_has_one_writer_at_a_time() -> None:
    async def main() -> None:
        conversations = Conversations(ConversationConfig(), asyncio.get_running_loop().time)
        inside = 0

        async def turn(key: str, n: int) -> None:
            nonlocal inside
            async with conversations.turn(key) as talk:
                inside += 1
                assert inside == 1
                await asyncio.sleep(1)
                talk.add(*said(n))
                inside -= 1

        await asyncio.gather(*(turn("a", n) for n in range(5)))
        async with conversations.turn("a") as talk:
            assert [m.text for m in talk.messages[::2]] == [f"question {n}" for n in range(5)]
            async with asyncio.timeout(1), conversations.turn("b"):
                pass  # another conversation waits for nobody

    run_in_virtual_time(main())


async def test_a_turn_that_fails_ends_and_keeps_what_was_said() -> None:
    conversations = Conversations(ConversationConfig(), Clock())
    try:
        async with conversations.turn("a") as talk:
            talk.add(*said(1))
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    async with asyncio.timeout(5), conversations.turn("a") as talk:
        assert talk.messages == said(1)


async def test_the_older_half_goes_at_once_and_the_rest_begins_with_a_question() -> None:
    conversations = Conversations(ConversationConfig(messages=6), Clock())
    lengths = []
    for n in range(12):
        async with conversations.turn("a") as talk:
            talk.add(*said(n))
        async with conversations.turn("a") as talk:
            lengths.append(len(talk.messages))
            assert talk.messages[0].role == "user"
            assert talk.messages[-1].text == f"answer {n}"
    assert max(lengths) == 6
    assert sum(b < a for a, b in itertools.pairwise(lengths)) <= 6, "the prefix cache is spoilt at every turn"


async def test_only_so_many_conversations_are_remembered_the_longest_unused_go_first() -> None:
    clock = Clock()
    conversations = Conversations(ConversationConfig(), clock)
    async with conversations.turn("in use") as held:
        held.add(*said(0))
        for n in range(conversation._MOST + 50):
            clock.now += 0.01
            async with conversations.turn(str(n)) as talk:
                talk.add(*said(n))
        assert len(conversations._known) <= conversation._MOST + 1
    async with conversations.turn("0") as talk:
        assert talk.messages == ()
    async with conversations.turn(str(conversation._MOST + 49)) as talk:
        assert talk.messages != ()
    async with conversations.turn("in use") as talk:
        assert talk.messages == said(0)
