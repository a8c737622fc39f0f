"""Replies that are given again to the same question put otherwise: only where a model says that it means the same."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from assistant import Capabilities, ChatMessage, ChatRequest, EngineError, Kind, Sampling, ToolSpec
from assistant.config.doors import AliasConfig
from assistant.engines import EngineConfig
from assistant.models.pool import Model, Pool
from assistant.serving import Answer, Cache, Embedding, Generation, Likeness, Names
from assistant.serving.gist import gist
from assistant.testing import FakeChat, FakeEmbed, fake_spec, model_path, run_in_virtual_time

ASKED, OTHERWISE = "What is the capital of Chile?", "Tell me the capital of Chile, please."
FAR = "Could you please tell me the capital of Chile?"
NEAR = FakeEmbed({ASKED: (1.0, 0.0), OTHERWISE: (0.96, 0.28), FAR: (0.6, 0.8)})
RULES = ChatMessage.of("system", "Be brief.")
TOOL = ToolSpec("look", "Look it up.", {"type": "object"})


def request(text: str, *before: ChatMessage) -> ChatRequest:
    return ChatRequest((*before, ChatMessage.of("user", text)), sampling=Sampling(temperature=0))


@dataclass
class Broken(FakeEmbed):
    """Fails, or takes for ever."""

    hangs: bool = False

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        raise EngineError("it is broken")


@asynccontextmanager
async def serving(
    embed: FakeEmbed,
    able: Capabilities | None = None,
    *,
    size: int = 100_000,
    strategy: str = "order",
    local: bool = True,
) -> AsyncGenerator[tuple[Generation, FakeChat]]:
    chat = FakeChat(["One.", "Two.", "Three.", "Four."])
    able = able or Capabilities(languages=("en",))
    writes = Capabilities(parallel=8, tools=True, local=local)
    models = {
        "chat": Model("chat", fake_spec("fake", Kind.CHAT, chat), EngineConfig(), writes),
        "embed": Model("embed", fake_spec("fake-embed", Kind.EMBED, embed), EngineConfig(), able),
    }
    pool = Pool(models, lambda config: config)
    alias = AliasConfig(model="chat", strategy=strategy)  # type: ignore[arg-type]
    names = Names(pool.status, {"any": alias})
    likeness = Likeness(Embedding(pool, names, 4), "embed", 0.93)
    try:
        yield Generation(pool, names, 4, 5.0, cache=Cache(size, 60.0), likeness=likeness), chat
    finally:
        await pool.close()


async def ask(generation: Generation, what: str | ChatRequest, asker: str = "a", keep: bool | None = None) -> Answer:
    asked = request(what) if isinstance(what, str) else what
    return await generation.answer(generation.named("any", asked), asked, asker=asker, keep=keep)


def test_the_same_question_put_otherwise_is_given_the_same_answer_and_told_which_it_was() -> None:
    async def main() -> None:
        embed = replace(NEAR, asked=[])
        async with serving(embed) as (generation, chat):
            assert not (await ask(generation, ASKED)).cached
            exact = await ask(generation, ASKED)
            assert exact.cached and exact.like is None
            assert embed.asked == []  # nobody is asked where nothing could come of it
            like = await ask(generation, OTHERWISE)
            assert (like.text, like.cached) == ("One.", True)
            assert like.like is not None
            assert like.like.question == ASKED
            assert like.like.likeness == pytest.approx(0.96)
            assert embed.asked == [ASKED, OTHERWISE]
            assert len(chat.requests) == 1
            cache = generation.cache
            assert (cache.hits, cache.likes, cache.misses) == (1, 1, 1)

    run_in_virtual_time(main())


def test_what_the_model_finds_far_is_asked_anew() -> None:
    async def main() -> None:
        async with serving(replace(NEAR, asked=[])) as (generation, _):
            await ask(generation, ASKED)
            answer = await ask(generation, FAR)
            assert (answer.text, answer.cached, answer.like) == ("Two.", False, None)
            again = await ask(generation, FAR)
            assert (again.text, again.cached, again.like) == ("Two.", True, None)

    run_in_virtual_time(main())


@pytest.mark.parametrize(
    "other",
    [
        request("Tell me the capital of China, please."),
        request(OTHERWISE, RULES),
        request(OTHERWISE, ChatMessage.of("user", "Hello."), ChatMessage.of("assistant", "Hello.")),
        replace(request(OTHERWISE), max_tokens=5),
        replace(request(OTHERWISE), sampling=Sampling(temperature=0, top_p=0.5)),
        replace(request(OTHERWISE), sampling=Sampling(temperature=0.7)),
        replace(request(OTHERWISE), tools=(TOOL,)),
        replace(request(OTHERWISE), stop=("x",)),
        ChatRequest((ChatMessage.of("assistant", OTHERWISE),), sampling=Sampling(temperature=0)),
    ],
)
def test_all_but_how_it_is_put_must_be_the_same(other: ChatRequest) -> None:
    async def main() -> None:
        every = FakeEmbed(dict.fromkeys((ASKED, OTHERWISE, "Tell me the capital of China, please."), (1.0,)))
        async with serving(every) as (generation, chat):
            await ask(generation, ASKED)
            assert not (await ask(generation, other)).cached
            assert (await ask(generation, OTHERWISE)).cached  # it would have been
            assert len(chat.requests) == 2

    run_in_virtual_time(main())


def test_nobody_is_told_what_another_asked() -> None:
    async def main() -> None:
        async with serving(replace(NEAR, asked=[])) as (generation, _):
            await ask(generation, ASKED, "a")
            assert not (await ask(generation, OTHERWISE, "b")).cached
            assert not (await ask(generation, OTHERWISE, "a", keep=False)).cached

    run_in_virtual_time(main())


def test_what_is_private_is_neither_kept_nor_compared() -> None:
    async def main() -> None:
        embed = replace(NEAR, asked=[])
        async with serving(embed, strategy="private") as (generation, _):
            await ask(generation, ASKED, keep=True)
            assert not (await ask(generation, OTHERWISE, keep=True)).cached
            assert embed.asked == []

    run_in_virtual_time(main())


@pytest.mark.parametrize(("local", "compared"), [(True, False), (False, True)])
def test_what_stays_on_this_machine_is_shown_to_no_model_elsewhere(local: bool, compared: bool) -> None:
    async def main() -> None:
        embed = replace(NEAR, asked=[])
        async with serving(embed, Capabilities(languages=("en",), local=False), local=local) as (generation, _):
            await ask(generation, ASKED)
            assert (await ask(generation, OTHERWISE)).cached == compared
            assert bool(embed.asked) == compared

    run_in_virtual_time(main())


def test_a_model_is_asked_only_in_a_language_that_it_knows() -> None:
    async def main() -> None:
        one, other = "Wer schrieb den Faust?", "Hallo, wer schrieb den Faust?"
        embed = FakeEmbed({one: (1.0,), other: (1.0,)})
        async with serving(embed) as (generation, _):
            await ask(generation, one)
            assert not (await ask(generation, other)).cached
        async with serving(embed, Capabilities(languages=("de", "en"))) as (generation, _):
            await ask(generation, one)
            assert (await ask(generation, other)).cached

    run_in_virtual_time(main())


def test_where_the_model_fails_it_is_asked_anew(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving(Broken()) as (generation, _):
            await ask(generation, ASKED)
            assert (await ask(generation, OTHERWISE)).text == "Two."
        assert "it is broken" in caplog.text
        assert "Chile" not in caplog.text

    run_in_virtual_time(main())


def test_where_the_model_is_busy_nobody_waits_long() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with serving(replace(NEAR, asked=[])) as (generation, _), generation.pool.lease("embed"):
            await ask(generation, ASKED)
            began = clock()
            assert (await ask(generation, OTHERWISE)).text == "Two."
            assert clock() - began < 2.0

    run_in_virtual_time(main())


def test_what_is_forgotten_expired_or_pushed_out_is_not_found_by_what_it_says() -> None:
    async def main() -> None:
        async with serving(replace(NEAR, asked=[])) as (generation, _):
            await ask(generation, ASKED)
            generation.cache.forget()
            assert (await ask(generation, OTHERWISE)).text == "Two."
            await asyncio.sleep(61.0)
            assert (await ask(generation, ASKED)).text == "Three."
            assert (await ask(generation, OTHERWISE)).text == "Three."
        async with serving(replace(NEAR, asked=[]), size=1_300) as (generation, _):
            await ask(generation, ASKED)
            await ask(generation, "What is the capital of Peru?")
            assert (await ask(generation, OTHERWISE)).text == "Three."
            cache = generation.cache
            assert cache.used <= 1_300 and len(cache._alike) == len(cache._kept) == 1

    run_in_virtual_time(main())


@pytest.mark.once
async def test_minilm_tells_what_the_words_do_not() -> None:
    """The words alone would let each of these pass; MiniLM finds some of them to mean the same, and others not."""
    minilm = pytest.importorskip("assistant_minilm")
    [spec] = minilm.assistant_engines()
    config = spec.config(model=model_path("all-minilm-l6-v2"))
    pool = Pool({"embed": Model("embed", spec, config, spec.describe(config))}, lambda options: options)
    likeness = Likeness(Embedding(pool, Names(pool.status, {}), 4), "embed", 0.93)
    same = [
        (ASKED, OTHERWISE),
        ("How do I boil an egg?", "What's the best way to boil an egg?"),
        ("Explain the water cycle.", "Hi, could you please explain the water cycle? Thanks!"),
        ("Who invented the telephone?", "I would like to know who invented the telephone."),
    ]
    other = [
        ("Can you write poems?", "Write poems."),
        ("Can you translate from German?", "Translate from German."),
        ("Tell me the truth.", "What is the truth?"),
        ("Give me the bill.", "What is the bill?"),
        ("Do you know who I am?", "Who I am"),
    ]
    assert all(gist(one) == gist(two) is not None for one, two in same + other)
    try:
        await pool.open("embed")
        for one, two in same:
            assert await likeness.of(one, two, "en") >= likeness.least, (one, two)
        for one, two in other:
            assert await likeness.of(one, two, "en") < likeness.least, (one, two)
    finally:
        await pool.close()
