"""The pool: one engine for many, in order of priority; failures are remembered, named and tried again."""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from assistant import (
    Capabilities,
    ConfigError,
    EngineBusy,
    EngineConfig,
    EngineSpec,
    EngineUnavailable,
    Kind,
    ModelError,
    Priority,
)
from assistant.engines import AnySpec
from assistant.models.pool import Model, Pool, leased
from assistant.testing import FakeChat, FakeStt, run_in_virtual_time


class Engine:
    """An engine that counts how often it is opened and closed, and opens as it is told to."""

    def __init__(
        self, takes: float = 0.0, fails: list[BaseException] | None = None, gives: object = None, end: float = 0.0
    ) -> None:
        self.opened = 0
        self.closed = 0
        self.open_now = 0
        self._takes = takes
        self._fails = fails or []
        self._gives = gives or FakeChat()
        self._end = end

    @asynccontextmanager
    async def open(self, config: EngineConfig) -> AsyncGenerator[object, None]:
        self.opened += 1
        self.open_now += 1
        assert self.open_now == 1, "the engine is there twice"
        try:
            await asyncio.sleep(self._takes)
            if self._fails:
                raise self._fails.pop(0)
            yield self._gives
        finally:
            await asyncio.sleep(self._end)
            self.open_now -= 1
            self.closed += 1

    def spec(self, parallel: int = 1, kind: Kind = Kind.CHAT, preempts: bool = False) -> AnySpec:
        return EngineSpec(
            name="counted",
            kind=kind,
            config=EngineConfig,
            describe=lambda _: Capabilities(parallel=parallel, preempts=preempts),
            open=self.open,
        )


def pool_of(parallel: int = 1, opening: float = 120.0, preempts: bool = False, **engines: Engine) -> Pool:
    models = {}
    for name, engine in engines.items():
        spec = engine.spec(parallel, preempts=preempts)
        models[name] = Model(name, spec, EngineConfig(), spec.describe(EngineConfig()))
    return Pool(models, lambda config: config, opening=opening)


Main = Callable[[], Coroutine[Any, Any, None]]


def live(main: Main) -> Main:
    """Run a test in virtual time."""

    def test() -> None:
        run_in_virtual_time(main())

    test.__name__ = main.__name__
    return test  # type: ignore[return-value]


@live
async def test_an_engine_is_opened_once_for_many_and_closed_once() -> None:
    engine = Engine(takes=3)
    pool = pool_of(chat=engine, parallel=9)

    async def use() -> object:
        async with pool.lease("chat") as chat:
            await asyncio.sleep(1)
            return chat

    assert pool.status()[0].state == "closed"
    users = [asyncio.create_task(use()) for _ in range(9)]
    await asyncio.sleep(1)
    assert pool.status()[0].state == "opening"
    assert len({id(chat) for chat in await asyncio.gather(*users)}) == 1
    assert pool.status()[0].state == "open"
    assert (engine.opened, engine.closed) == (1, 0)
    await pool.close()
    assert (engine.opened, engine.closed) == (1, 1)
    assert pool.status()[0].state == "closed"


@live
async def test_borrowers_wait_by_priority_and_then_by_age() -> None:
    pool = pool_of(chat=Engine())
    order: list[str] = []

    async def use(name: str, priority: Priority) -> None:
        async with pool.lease("chat", priority):
            order.append(name)
            await asyncio.sleep(1)

    tasks = []
    for name in ("first", "b1", "a1", "v1", "b2", "a2", "v2"):
        priority = {"b": Priority.BACKGROUND, "a": Priority.API, "v": Priority.VOICE}.get(name[0], Priority.BACKGROUND)
        tasks.append(asyncio.create_task(use(name, priority)))
        await asyncio.sleep(0.01)
    await asyncio.gather(*tasks)
    assert order == ["first", "v1", "v2", "a1", "a2", "b1", "b2"]
    await pool.close()


@pytest.mark.parametrize("parallel", [1, 2, 5])
def test_no_more_borrow_than_the_engine_serves_at_once(parallel: int) -> None:
    async def main() -> None:
        pool = pool_of(chat=Engine(), parallel=parallel)
        now = most = 0

        async def use() -> None:
            nonlocal now, most
            async with pool.lease("chat"):
                now += 1
                most = max(most, now)
                await asyncio.sleep(1)
                now -= 1

        await asyncio.gather(*(use() for _ in range(20)))
        assert most == parallel
        await pool.close()

    run_in_virtual_time(main())


@live
async def test_t6_programs_never_have_every_place() -> None:
    pool = pool_of(chat=Engine(), parallel=3)
    programs = [asyncio.create_task(_use_until_cancelled(pool)) for _ in range(20)]
    await asyncio.sleep(0.1)
    assert pool.waiting("chat") == 18
    with pytest.raises(EngineBusy):
        async with pool.lease("chat", Priority.API, queue=18):
            pass
    async with asyncio.timeout(1):
        for _ in range(3):
            await _use(pool)
    assert pool.waiting("chat") == 18, "a voice's place is not handed on to a program"
    programs[0].cancel()
    await asyncio.wait(programs[:1])
    assert pool.waiting("chat") == 17, "a program's is"
    for program in programs:
        program.cancel()
    await asyncio.wait(programs)
    async with pool.lease("chat", Priority.BACKGROUND), pool.lease("chat", Priority.API), pool.lease("chat"):
        pass
    await pool.close()


@live
async def test_t6_a_voice_never_waits_for_an_engine_that_preempts() -> None:
    pool = pool_of(chat=Engine(), parallel=2, preempts=True)
    programs = [asyncio.create_task(_use_until_cancelled(pool)) for _ in range(5)]
    await asyncio.sleep(0.1)
    assert pool.places("chat") == (2, 2), "no place is kept where none is needed"
    async with asyncio.timeout(1), pool.lease("chat"), pool.lease("chat"):
        assert pool.places("chat") == (4, 2)
        programs[0].cancel()
        await asyncio.wait(programs[:1])
        assert pool.waiting("chat") == 3, "while voices are there nobody else is let in"
    await asyncio.sleep(0.1)
    assert (pool.places("chat"), pool.waiting("chat")) == ((2, 2), 2)
    for program in programs:
        program.cancel()
    await asyncio.wait(programs)
    await pool.close()


async def _use_until_cancelled(pool: Pool) -> None:
    async with pool.lease("chat", Priority.API):
        await asyncio.Event().wait()


@live
async def test_who_is_cancelled_while_waiting_takes_no_turn() -> None:
    pool = pool_of(chat=Engine())
    async with pool.lease("chat"):
        waiting = [asyncio.create_task(_use(pool)) for _ in range(3)]
        await asyncio.sleep(0.1)
        waiting[0].cancel()
        waiting[1].cancel()
        await asyncio.wait(waiting[:2])
    async with asyncio.timeout(1):
        await waiting[2]
        await _use(pool)
    await pool.close()


@live
async def test_who_is_cancelled_at_the_very_handing_over_passes_it_on() -> None:
    pool = pool_of(chat=Engine())
    lease = pool.lease("chat")
    await lease.__aenter__()
    one, two = asyncio.create_task(_use(pool)), asyncio.create_task(_use(pool))
    await asyncio.sleep(0.1)
    await lease.__aexit__(None, None, None)  # the turn of `one` is set now, and before it can run ...
    one.cancel()
    await asyncio.wait({one})
    assert one.cancelled()
    async with asyncio.timeout(1):
        await two
        await _use(pool)
    await pool.close()


@live
async def test_who_fails_gives_the_engine_back() -> None:
    pool = pool_of(chat=Engine())
    with pytest.raises(ZeroDivisionError):
        async with pool.lease("chat"):
            raise ZeroDivisionError
    async with asyncio.timeout(1):
        await _use(pool)
    await pool.close()


async def _use(pool: Pool, model: str = "chat", priority: Priority = Priority.VOICE) -> None:
    async with pool.lease(model, priority):
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("failure", "says", "hint"),
    [
        (ModelError("no file", hint="pull it"), "model chat: no file", "pull it"),
        (ZeroDivisionError("odd"), "model chat: counted failed: ZeroDivisionError: odd", "--debug"),
        (SystemExit(3), "model chat: counted failed: SystemExit: 3", "--debug"),
    ],
)
def test_a_failure_is_remembered_for_a_while_and_then_tried_again(failure: BaseException, says: str, hint: str) -> None:
    async def main() -> None:
        engine = Engine(fails=[failure])
        pool = pool_of(chat=engine)
        for _ in range(3):
            with pytest.raises(EngineUnavailable) as error:
                await _use(pool)
            assert says in str(error.value)
            assert hint in error.value.hint
            await asyncio.sleep(1)
        assert engine.opened == 1
        status = pool.status()[0]
        assert (status.state, status.reason) == ("failed", says)
        await asyncio.sleep(10)
        await _use(pool)
        assert engine.opened == 2
        assert pool.status()[0].state == "open"
        await pool.close()
        assert engine.open_now == 0

    run_in_virtual_time(main())


@live
async def test_many_who_try_again_at_once_open_it_once() -> None:
    engine = Engine(takes=1, fails=[ModelError("not yet")])
    pool = pool_of(chat=engine, parallel=9)
    with pytest.raises(EngineUnavailable):
        await pool.open("chat")
    await asyncio.sleep(11)
    await asyncio.gather(*(_use(pool) for _ in range(5)))
    assert engine.opened == 2
    await pool.close()
    assert engine.open_now == 0


@live
async def test_an_engine_that_is_slow_to_open_is_given_up_by_who_waits_and_used_by_who_comes_later() -> None:
    engine = Engine(takes=100)
    pool = pool_of(chat=engine, opening=30)
    with pytest.raises(EngineUnavailable, match="model chat: counted is still opening") as error:
        await pool.open("chat")
    assert asyncio.get_running_loop().time() == pytest.approx(30)
    assert "timeouts.open" in error.value.hint
    await asyncio.sleep(80)
    await _use(pool)
    assert engine.opened == 1
    await pool.close()


@pytest.mark.parametrize(
    ("priority", "waits"), [(Priority.VOICE, 4), (Priority.API, 60), (Priority.BACKGROUND, 60)], ids=str
)
@pytest.mark.parametrize("began", [0, 20, 500])
def test_a_voice_waits_only_briefly_for_an_engine_that_is_still_opening(
    priority: Priority, waits: float, began: float
) -> None:
    async def main() -> None:
        pool = pool_of(chat=Engine(takes=10_000), opening=60)
        opening = asyncio.create_task(pool.open("chat")) if began else None
        await asyncio.sleep(began)
        before = asyncio.get_running_loop().time()
        with pytest.raises(EngineUnavailable, match="still opening"):
            await _use(pool, priority=priority)
        assert asyncio.get_running_loop().time() - before == pytest.approx(waits)
        await pool.close()
        if opening is not None:
            await asyncio.wait({opening})
            assert isinstance(opening.exception(), EngineUnavailable)

    run_in_virtual_time(main())


@live
async def test_closing_while_opening_ends_the_opening() -> None:
    engine = Engine(takes=100)
    pool = pool_of(chat=engine)
    waiting = asyncio.create_task(_use(pool))
    await asyncio.sleep(1)
    await pool.close()
    with pytest.raises(EngineUnavailable, match="is being closed"):
        await waiting
    assert engine.open_now == 0


@live
async def test_closing_at_the_very_beginning_of_opening_leaves_nobody_waiting() -> None:
    engine = Engine()
    pool = pool_of(chat=engine)
    waiting = asyncio.create_task(_use(pool))
    await asyncio.sleep(0)
    await pool.close()
    async with asyncio.timeout(5):
        with pytest.raises(EngineUnavailable, match="is being closed"):
            await waiting
    assert engine.open_now == 0


@live
async def test_an_engine_that_was_closed_opens_again_when_the_old_one_has_gone() -> None:
    engine = Engine(end=5)
    pool = pool_of(chat=engine)
    await _use(pool)
    closing = asyncio.create_task(pool.close())
    await closing
    await _use(pool)
    assert (engine.opened, engine.closed, engine.open_now) == (2, 1, 1)
    await pool.close()


@live
async def test_an_engine_that_does_not_close_is_left_behind() -> None:
    engine = Engine(end=1000)
    pool = pool_of(chat=engine, other=Engine())
    await _use(pool)
    await _use(pool, "other")
    async with asyncio.timeout(30):
        await pool.close()


@live
async def test_engines_close_in_the_reverse_order_of_opening() -> None:
    order: list[str] = []

    class Named(Engine):
        def __init__(self, name: str) -> None:
            super().__init__()
            self._name = name

        @asynccontextmanager
        async def open(self, config: EngineConfig) -> AsyncGenerator[object, None]:
            async with super().open(config) as engine:
                yield engine
            order.append(self._name)

    pool = pool_of(a=Named("a"), b=Named("b"), c=Named("c"), never=Named("never"))
    for name in ("b", "c", "a"):
        await pool.open(name)
    await pool.close()
    assert order == ["a", "c", "b"]


@live
async def test_an_engine_of_another_kind_is_refused_and_closed() -> None:
    engine = Engine(gives=FakeStt())
    pool = pool_of(chat=engine)
    with pytest.raises(EngineUnavailable, match="counted opened no chat engine"):
        await _use(pool)
    assert engine.open_now == 0
    await pool.close()


@live
async def test_an_unknown_id_names_the_known_ones() -> None:
    pool = pool_of(chat=Engine(), other=Engine())
    for ask in (pool.open("cat"), _use(pool, "cat")):
        with pytest.raises(ConfigError, match="there is no model 'cat'") as error:
            await ask
        assert error.value.hint == "configured: chat, other"
    with pytest.raises(ConfigError):
        pool.model("cat")
    assert "chat" in pool
    assert "cat" not in pool


@live
async def test_what_is_leased_for_a_stream_is_given_back_when_the_stream_has_ended() -> None:
    pool = pool_of(chat=Engine())
    ended = 0.0

    async def work(chat: object) -> AsyncGenerator[int, None]:
        nonlocal ended
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(5)
            ended = asyncio.get_running_loop().time()

    stream = leased(pool, "chat", Priority.VOICE, work)
    assert await anext(stream) == 1
    waiting = asyncio.create_task(_use(pool))
    await asyncio.sleep(1)
    await stream.aclose()
    assert ended == pytest.approx(6)
    await waiting
    await pool.close()


def test_a_model_is_a_value() -> None:
    spec = Engine().spec()
    model = Model("chat", spec, EngineConfig(), Capabilities())
    assert dataclasses.replace(model, id="other").spec is spec


async def test_an_engine_that_is_unloaded_opens_again_for_who_wants_it() -> None:
    engine = Engine(end=0.05)
    pool = pool_of(chat=engine)
    await pool.unload("chat")  # nothing is loaded
    async with pool.lease("chat"):
        with pytest.raises(EngineBusy, match="at work"):
            await pool.unload("chat")
    unloading = asyncio.create_task(pool.unload("chat"))
    await asyncio.sleep(0)
    async with pool.lease("chat", Priority.API):  # it waits until the other has gone
        assert (engine.opened, engine.closed) == (2, 1)
    await unloading
    await pool.unload("chat")
    assert (engine.closed, pool.status()[0].state) == (2, "closed")
    await pool.close()


async def test_a_model_that_another_server_runs_is_loaded_there_when_that_is_asked_and_no_sooner() -> None:
    told: list[str] = []

    def tell(act: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def do() -> None:
            told.append(act)

        return do

    model = Model("far", Engine().spec(), EngineConfig(), Capabilities(), load=tell("load"), unload=tell("unload"))
    pool = Pool({"far": model}, resolve=lambda config: config)
    async with pool.lease("far"):
        pass
    await pool.open("far")
    assert not told
    await pool.load("far")
    await pool.unload("far")
    assert told == ["load", "unload"]
    await pool.withdraw("far")
    assert told == ["load", "unload"] and "far" not in pool


async def test_an_engine_that_is_opening_is_not_unloaded() -> None:
    pool = pool_of(chat=Engine(takes=0.05))
    opening = asyncio.create_task(pool.open("chat"))
    await asyncio.sleep(0.01)
    with pytest.raises(EngineBusy):
        await pool.unload("chat")
    await opening
    await pool.close()


async def test_who_borrows_in_the_moment_of_unloading_gets_an_engine_that_is_open() -> None:
    engine = Engine()
    pool = pool_of(chat=engine)
    await pool.open("chat")

    async def borrow() -> int:
        async with pool.lease("chat", Priority.API):
            opened = engine.opened
            await asyncio.sleep(0.01)
            assert engine.opened == opened, "another was opened meanwhile"
            return engine.open_now

    for ticks in range(6):
        borrowing = asyncio.create_task(borrow())
        for _ in range(ticks):
            await asyncio.sleep(0)
        with suppress(EngineBusy):
            await pool.unload("chat")
        assert await borrowing == 1, f"unloaded after {ticks} steps"
    await pool.close()
