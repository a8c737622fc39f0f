"""The bus of turn events: everybody gets all, nobody is waited for, who is too slow loses the oldest."""

import asyncio
from contextlib import aclosing

import pytest

from assistant import EventBus, EventType, TurnEvent


def event(number: int) -> TurnEvent:
    return TurnEvent(EventType.INTENT_PROGRESS, str(number), "room", 0.0)


async def test_every_subscriber_gets_every_event_in_order() -> None:
    bus = EventBus()
    async with aclosing(bus.subscribe()) as one, aclosing(bus.subscribe()) as two:
        firsts = [asyncio.create_task(anext(stream)) for stream in (one, two)]
        await asyncio.sleep(0)
        for number in range(5):
            bus.publish(event(number))
        for first, stream in zip(firsts, (one, two), strict=True):
            assert [(await first).turn, *[(await anext(stream)).turn for _ in range(4)]] == list("01234")


async def test_who_is_too_slow_loses_the_oldest_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus(backlog=3)
    async with aclosing(bus.subscribe()) as stream:
        first = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        bus.publish(event(0))
        await first
        for number in range(1, 9):
            bus.publish(event(number))
        assert [(await anext(stream)).turn for _ in range(3)] == ["6", "7", "8"]
        assert [record.getMessage() for record in caplog.records] == [
            "a subscriber of turn events is too slow and loses the oldest",
            "a subscriber of turn events lost 5",
        ]
        caplog.clear()
        bus.publish(event(9))
        assert (await anext(stream)).turn == "9"
        assert not caplog.records


async def test_a_slow_subscriber_takes_nothing_from_a_quick_one() -> None:
    bus = EventBus(backlog=2)
    got = []
    async with aclosing(bus.subscribe()) as slow, aclosing(bus.subscribe()) as quick:
        waiting = asyncio.create_task(anext(slow))
        for number in range(10):
            task = asyncio.create_task(anext(quick))
            await asyncio.sleep(0)
            bus.publish(event(number))
            got.append((await task).turn)
        await waiting
    assert got == [str(number) for number in range(10)]


async def test_who_has_left_is_forgotten() -> None:
    bus = EventBus()
    async with aclosing(bus.subscribe()) as stream:
        task = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        assert len(bus._subscribers) == 1
        task.cancel()
        await asyncio.wait({task})
    assert not bus._subscribers
    bus.publish(event(1))
