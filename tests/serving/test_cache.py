"""Replies that are kept: which, for whom, how long, how many, and what happens when two ask at once."""

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from assistant import Capabilities, ChatMessage, ChatRequest, EngineError, Image, ImagePart, Kind, Sampling, ToolSpec
from assistant.chat import Done, ToolResult
from assistant.config.doors import AliasConfig
from assistant.engines import EngineConfig
from assistant.errors import EngineTimeout
from assistant.models.pool import Model, Pool
from assistant.serving import Answer, Cache, Generation, Names
from assistant.serving.cache import Key
from assistant.testing import FakeChat, fake_spec, run_in_virtual_time

HELLO = ChatRequest((ChatMessage.of("user", "Hello."),), sampling=Sampling(temperature=0))
PIXEL = ImagePart(Image(b"\x89PNG", "image/png"))


@asynccontextmanager
async def serving(
    *chats: FakeChat, size: int = 100_000, lifetime: float = 60.0, strategy: str = "order"
) -> AsyncGenerator[Generation, None]:
    """Serve chat models, all of them by the name `any`."""
    able = Capabilities(inputs=frozenset({"text", "image"}), tools=True, schema=True, parallel=8)
    models = {
        f"chat{n}": Model(f"chat{n}", fake_spec("fake", Kind.CHAT, chat), EngineConfig(), able)
        for n, chat in enumerate(chats)
    }
    pool = Pool(models, lambda config: config)
    alias = AliasConfig(model=list(models), strategy=strategy)  # type: ignore[arg-type]
    try:
        yield Generation(pool, Names(pool.status, {"any": alias}), 4, 5.0, cache=Cache(size, lifetime))
    finally:
        await pool.close()


async def ask(
    generation: Generation, request: ChatRequest = HELLO, asker: str = "a", keep: bool | None = None
) -> Answer:
    return await generation.answer(generation.named("any", request), request, asker=asker, keep=keep)


def test_who_asks_the_same_again_is_given_the_same() -> None:
    async def main() -> None:
        chat = FakeChat(["One.", "Two."])
        async with serving(chat) as generation:
            first, again = await ask(generation), await ask(generation, replace(HELLO, conversation="c"))
        assert (first.text, first.cached, again.text, again.cached) == ("One.", False, "One.", True)
        assert (again.end, again.by) == (first.end, first.by)
        assert len(chat.requests) == 1

    run_in_virtual_time(main())


@pytest.mark.parametrize(
    "other",
    [
        replace(HELLO, messages=(ChatMessage.of("user", "Hello!"),)),
        replace(HELLO, messages=(ChatMessage.of("system", "Hello."),)),
        replace(HELLO, messages=(ChatMessage.of("system", "Be brief."), *HELLO.messages)),
        replace(HELLO, schema={"type": "object"}),
        replace(HELLO, grammar='root ::= "x"'),
        replace(HELLO, max_tokens=5),
        replace(HELLO, stop=("x",)),
        replace(HELLO, sampling=Sampling(temperature=0, top_p=0.5)),
        replace(HELLO, sampling=Sampling(temperature=0, seed=1)),
    ],
)
def test_whatever_is_asked_otherwise_is_asked_anew(other: ChatRequest) -> None:
    async def main() -> None:
        async with serving(FakeChat(["One.", "Two."])) as generation:
            await ask(generation)
            answer = await ask(generation, other)
        assert (answer.text, answer.cached) == ("Two.", False)

    run_in_virtual_time(main())


@pytest.mark.parametrize(
    "request_",
    [
        replace(HELLO, tools=(ToolSpec("lamp", "Switch it.", {}),)),
        replace(HELLO, messages=(*HELLO.messages, ChatMessage("tool", (ToolResult("1", "a stranger's text"),)))),
        replace(HELLO, messages=(ChatMessage("user", (PIXEL,)),)),
        replace(HELLO, logprobs=1),
    ],
)
def test_what_is_more_than_text_is_never_kept(request_: ChatRequest) -> None:
    assert not Cache(100_000, 60.0).key("chat", request_, "a", drawn=True)


def test_what_is_drawn_is_kept_only_where_that_is_asked_and_nothing_where_that_is_refused() -> None:
    async def main() -> None:
        for request, keep, kept in [
            (replace(HELLO, sampling=Sampling()), None, False),
            (replace(HELLO, sampling=Sampling(temperature=0.7)), None, False),
            (replace(HELLO, sampling=Sampling(temperature=0.7)), True, True),
            (HELLO, False, False),
        ]:
            async with serving(FakeChat(["One.", "Two."])) as generation:
                await ask(generation, request, keep=keep)
                assert (await ask(generation, request, keep=keep)).cached == kept

    run_in_virtual_time(main())


@pytest.mark.parametrize("strategy", ["order", "private"])
def test_what_is_private_is_never_kept(strategy: str) -> None:
    async def main() -> None:
        async with serving(FakeChat(["One.", "Two."]), strategy=strategy) as generation:
            await ask(generation, keep=True)
            assert (await ask(generation, keep=True)).cached == (strategy == "order")

    run_in_virtual_time(main())


def test_nobody_is_given_what_another_was_told_and_nothing_where_it_is_off() -> None:
    async def main() -> None:
        async with serving(FakeChat(["One.", "Two."])) as generation:
            await ask(generation, asker="a")
            assert not (await ask(generation, asker="b")).cached
        async with serving(FakeChat(["One.", "Two."]), size=0) as generation:
            await ask(generation, keep=True)
            assert not (await ask(generation, keep=True)).cached

    run_in_virtual_time(main())


def test_a_reply_is_kept_for_its_lifetime_and_until_all_is_forgotten() -> None:
    async def main() -> None:
        async with serving(FakeChat(["One.", "Two.", "Three."]), lifetime=60.0) as generation:
            await ask(generation)
            await asyncio.sleep(59)
            assert (await ask(generation)).cached
            await asyncio.sleep(2)
            assert (await ask(generation)).text == "Two."
            generation.cache.forget()
            assert generation.cache.used == 0
            assert (await ask(generation)).text == "Three."

    run_in_virtual_time(main())


def test_what_is_forgotten_while_it_is_written_is_not_kept() -> None:
    async def main() -> None:
        async with serving(FakeChat(["One word a second.", "Two."], pace=1.0)) as generation:
            first = asyncio.create_task(ask(generation))
            await asyncio.sleep(1.5)
            generation.cache.forget()
            assert (await first).text == "One word a second."
            assert (await ask(generation)).text == "Two."

    run_in_virtual_time(main())


def test_of_two_who_ask_at_once_one_waits_for_the_reply_of_the_other() -> None:
    async def main() -> None:
        chat = FakeChat(["One.", "Two."], pace=1.0)
        async with serving(chat) as generation:
            answers = await asyncio.gather(*(ask(generation) for _ in range(5)))
        assert sorted((answer.text, answer.cached) for answer in answers) == [("One.", False)] + [("One.", True)] * 4
        assert len(chat.requests) == 1

    run_in_virtual_time(main())


def test_who_waits_is_not_left_alone_where_the_other_goes_away_or_fails() -> None:
    async def main() -> None:
        async with serving(FakeChat(["One.", "Two."], pace=1.0)) as generation:
            first, second = asyncio.create_task(ask(generation)), asyncio.create_task(ask(generation))
            await asyncio.sleep(0.5)
            first.cancel()
            assert (await second).text == "Two."
        async with serving(FakeChat([EngineError("it broke"), "Two."], pace=1.0)) as generation:
            failed, done = await asyncio.gather(ask(generation), ask(generation), return_exceptions=True)
            assert isinstance(failed, EngineError) and isinstance(done, Answer) and done.text == "Two."
            assert (await ask(generation)).cached

    run_in_virtual_time(main())


def test_those_who_waited_in_vain_do_not_wait_for_each_other() -> None:
    async def main() -> None:
        async with serving(FakeChat([3600.0] * 4)) as generation:
            loop = asyncio.get_running_loop()
            tasks = [asyncio.create_task(ask(generation)) for _ in range(4)]
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(error, EngineTimeout) for error in ended)
            assert loop.time() < 12
            assert not generation.cache._making

    run_in_virtual_time(main())


def test_what_a_stand_in_wrote_is_not_kept_for_who_failed() -> None:
    async def main() -> None:
        broken, other = FakeChat([EngineError("it broke"), "Well again."]), FakeChat(["Instead."])
        async with serving(broken, other) as generation:
            answer = await ask(generation)
            assert (answer.text, answer.by.model) == ("Instead.", "chat1")
            assert [step.outcome for step in answer.steps] == ["engine_error", "answered"]
            assert generation.cache.used == 0

    run_in_virtual_time(main())


def test_who_was_not_asked_for_longest_goes_first_and_the_size_is_kept() -> None:
    async def main() -> None:
        cache = Cache(4_000, 60.0)
        for name in "abcd":
            await put(cache, Key(name), "x" * 400)
        assert await cache.find(Key("a"))
        await put(cache, Key("e"), "x" * 400)
        assert [bool(await cache.find(Key(name))) for name in "abcde"] == [True, False, True, True, True]
        await put(cache, Key("a"), "y" * 400)
        assert cache.used == 4_000
        await put(cache, Key("huge"), "x" * 4_000)
        assert await cache.find(Key("huge")) is None and await cache.find(Key("a"))

    run_in_virtual_time(main())


@pytest.mark.parametrize("like", [False, True])
def test_the_size_is_about_what_it_takes(like: bool) -> None:
    async def main() -> None:
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            cache = Cache(1_000_000, 60.0)
            for number in range(5_000):
                question = f"{number:080}" if like else ""
                alike = f"like{number:060}" if like else ""
                await put(cache, Key(f"{number:064}", alike, question, "en"), f"{number:0100}")
            used = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert cache.used <= 1_000_000
        assert used < 1_300_000

    run_in_virtual_time(main())


async def put(cache: Cache, key: Key, text: str) -> None:
    with cache.making(key) as keep:
        keep(text, Done("stop"))
