"""In what order those who wait for an engine get it."""

import asyncio
from contextvars import copy_context

import pytest

from assistant import Capabilities, Kind, Priority
from assistant.engines import EngineConfig
from assistant.errors import EngineBusy
from assistant.models.pool import Model, Pool
from assistant.models.waiting import ASKER, REQUEST, Waiting
from assistant.testing import FakeChat, fake_spec


def join(waiting: Waiting, asker: str, request: str, priority: Priority = Priority.API) -> asyncio.Future[None]:
    def joining() -> asyncio.Future[None]:
        ASKER.set(asker)
        REQUEST.set(request)
        return waiting.join(priority)

    return copy_context().run(joining)


def take(waiting: Waiting) -> None:
    turn = waiting.next(lambda priority: True)
    assert turn is not None
    turn.set_result(None)


async def test_nobody_waits_for_all_that_another_has_asked() -> None:
    waiting = Waiting()
    for n in range(4):
        join(waiting, "phone", f"phone {n}")
    join(waiting, "kitchen", "kitchen 0")
    join(waiting, "phone", "phone 4")
    join(waiting, "kitchen", "kitchen 1")
    assert waiting.ids() == ("phone 0", "kitchen 0", "phone 1", "kitchen 1", "phone 2", "phone 3", "phone 4")
    take(waiting)
    take(waiting)
    take(waiting)
    join(waiting, "hall", "hall 0")
    join(waiting, "", "a voice", Priority.VOICE)
    assert waiting.ids() == ("a voice", "kitchen 1", "hall 0", "phone 2", "phone 3", "phone 4")


async def test_who_comes_back_has_no_turn_for_the_time_in_which_nobody_waited() -> None:
    waiting = Waiting()
    for n in range(3):
        join(waiting, "phone", f"phone {n}")
        take(waiting)
    join(waiting, "kitchen", "kitchen 0")
    join(waiting, "phone", "phone 3")
    assert waiting.ids() == ("kitchen 0", "phone 3")


async def test_who_gives_up_gives_up_the_round_as_well() -> None:
    waiting = Waiting()
    given_up = [join(waiting, "phone", f"phone {n}") for n in range(10)]
    for turn in given_up:
        turn.cancel()
    join(waiting, "phone", "phone 10")
    join(waiting, "kitchen", "kitchen 0")
    join(waiting, "kitchen", "kitchen 1")
    assert waiting.ids() == ("phone 10", "kitchen 0", "kitchen 1")


@pytest.mark.parametrize("is_open", [False, True])
async def test_t25_those_who_come_at_once_are_too_many_as_well(is_open: bool) -> None:
    model = Model("chat", fake_spec("fake", Kind.CHAT, FakeChat()), EngineConfig(), Capabilities())
    pool = Pool({"chat": model}, lambda config: config)
    if is_open:
        await pool.open("chat")

    async def use() -> None:
        async with pool.lease("chat", Priority.API, queue=2):
            await asyncio.sleep(0.05)

    came = await asyncio.gather(*(use() for _ in range(20)), return_exceptions=True)
    assert [type(error) for error in came if error] == [EngineBusy] * 17
    await pool.close()


async def test_t25_a_queue_that_is_full_of_one_askers_requests_has_a_place_for_another() -> None:
    model = Model("chat", fake_spec("fake", Kind.CHAT, FakeChat()), EngineConfig(), Capabilities())
    pool = Pool({"chat": model}, lambda config: config)

    async def use(asker: str) -> None:
        ASKER.set(asker)
        async with pool.lease("chat", Priority.API, queue=2):
            await asyncio.Event().wait()

    async def begun(asker: str) -> asyncio.Task[None]:
        task = asyncio.create_task(use(asker))
        for _ in range(10):
            await asyncio.sleep(0)
        return task

    tasks = [await begun("phone") for _ in range(3)]
    assert (pool.places("chat"), pool.waiting("chat")) == ((1, 1), 2)
    with pytest.raises(EngineBusy):
        await use("phone")
    tasks.append(await begun("kitchen"))
    assert pool.waiting("chat") == 3
    with pytest.raises(EngineBusy):
        await use("kitchen")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await pool.close()
