"""Replies for programs: in their turn, bounded, by a model that can."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import pytest

from assistant import (
    Capabilities,
    ChatDelta,
    ChatMessage,
    ChatRequest,
    Done,
    EngineBusy,
    EngineTimeout,
    Image,
    ImagePart,
    Kind,
    Priority,
    TextDelta,
    ToolSpec,
    UnfitModel,
)
from assistant.engines import EngineConfig
from assistant.models.pool import Model, Pool
from assistant.serving import Generation, Names
from assistant.testing import fake_spec, run_in_virtual_time

HELLO = ChatRequest((ChatMessage.of("user", "Hello."),))


class Slow:
    """Writes a word a second, and tells who asked."""

    def __init__(self) -> None:
        self.asked: list[Priority] = []
        self.closed = 0

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        self.asked.append(request.priority)
        try:
            for word in ("one", "two"):
                await asyncio.sleep(float(request.conversation or "1"))
                yield TextDelta(word)
            yield Done("stop")
        finally:
            self.closed += 1

    async def warm(self, request: ChatRequest) -> None:
        """Nothing is kept."""


@asynccontextmanager
async def serving(engine: Slow, queue: int = 1) -> AsyncGenerator[Generation, None]:
    spec = fake_spec("slow", Kind.CHAT, engine)
    pool = Pool({"chat": Model("chat", spec, EngineConfig(), Capabilities())}, lambda config: config)
    try:
        yield Generation(pool, Names(pool.status, {}), queue, patience=5.0)
    finally:
        await pool.close()


def test_a_reply_comes_and_is_asked_for_as_a_programs() -> None:
    async def main() -> None:
        engine = Slow()
        async with serving(engine) as generation:
            named = generation.named("chat", HELLO)
            async with aclosing(generation.reply(named, HELLO)) as deltas:
                assert [delta async for delta in deltas] == [TextDelta("one"), TextDelta("two"), Done("stop")]
        assert engine.asked == [Priority.API]

    run_in_virtual_time(main())


def test_who_comes_when_the_queue_is_full_is_told_so_and_the_rest_goes_on() -> None:
    async def main() -> None:
        engine = Slow()
        async with serving(engine, queue=1) as generation, AsyncExitStack() as stack:
            named = generation.named("chat", HELLO)
            first, second, third = [
                await stack.enter_async_context(aclosing(generation.reply(named, HELLO))) for _ in range(3)
            ]
            assert await anext(first) == TextDelta("one")
            waiting = asyncio.create_task(anext(second))
            await asyncio.sleep(0.1)
            with pytest.raises(EngineBusy, match="1 wait"):
                await anext(third)
            await first.aclose()
            assert await waiting == TextDelta("one")
        assert engine.closed == 2

    run_in_virtual_time(main())


def test_without_a_queue_who_comes_to_a_free_model_is_served() -> None:
    async def main() -> None:
        async with serving(Slow(), queue=0) as generation, AsyncExitStack() as stack:
            named = generation.named("chat", HELLO)
            first, second = [
                await stack.enter_async_context(aclosing(generation.reply(named, HELLO))) for _ in range(2)
            ]
            assert await anext(first) == TextDelta("one")
            with pytest.raises(EngineBusy, match="0 wait"):
                await anext(second)

    run_in_virtual_time(main())


def test_a_model_that_makes_no_progress_is_given_up() -> None:
    async def main() -> None:
        async with serving(Slow()) as generation:
            stuck = ChatRequest(HELLO.messages, conversation="60")
            async with aclosing(generation.reply(generation.named("chat", stuck), stuck)) as deltas:
                with pytest.raises(EngineTimeout):
                    await anext(deltas)

    run_in_virtual_time(main())


@pytest.mark.parametrize(
    ("request_", "lacking"),
    [
        (ChatRequest((ChatMessage("user", (ImagePart(Image(b"", "image/png")),)),)), "image"),
        (ChatRequest(HELLO.messages, tools=(ToolSpec("look", "Look.", {}),)), "tools"),
        (ChatRequest(HELLO.messages, schema={}), "schema"),
        (ChatRequest(HELLO.messages, logprobs=0), "logprobs"),
    ],
)
async def test_a_model_that_cannot_is_named(request_: ChatRequest, lacking: str) -> None:
    async with serving(Slow()) as generation:
        with pytest.raises(UnfitModel, match=f"chat takes no {lacking}"):
            generation.named("chat", request_)
