"""What one device hears, for all who listen: a pre-roll, and a bound for who is too slow."""

import asyncio
from contextlib import aclosing

import pytest

from assistant.pipeline.microphone import Microphone
from assistant.testing import silence


def publish(microphone: Microphone, start: float, count: int, length: float = 0.1) -> None:
    for n in range(count):
        microphone.publish(silence(length, start + n * length))


async def take(microphone: Microphone, since: float, count: int) -> list[float]:
    async with aclosing(microphone.since(since)) as chunks:
        return [round((await anext(chunks)).timestamp, 3) for _ in range(count)]


async def test_who_listens_later_gets_the_pre_roll_from_the_moment_that_is_asked_for() -> None:
    microphone = Microphone(preroll=1.0)
    publish(microphone, 0.0, 50)
    assert await take(microphone, 4.55, 5) == [4.5, 4.6, 4.7, 4.8, 4.9]
    assert (await take(microphone, 0.0, 10))[0] == pytest.approx(3.9, abs=0.11)
    assert len(microphone._ring) <= 12


async def test_the_pre_roll_is_followed_by_what_is_heard_without_a_gap() -> None:
    microphone = Microphone()
    publish(microphone, 0.0, 3)
    async with aclosing(microphone.since(0.05)) as chunks:
        got = [(await anext(chunks)).timestamp]
        publish(microphone, 0.3, 3)
        got += [(await anext(chunks)).timestamp for _ in range(5)]
    assert got == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])


async def test_who_is_too_slow_loses_the_oldest_and_is_told_once_a_burst(caplog: pytest.LogCaptureFixture) -> None:
    microphone = Microphone(preroll=0.1, backlog=1.0)
    async with aclosing(microphone.since(0.0)) as slow, aclosing(microphone.since(0.0)) as quick:
        waiting = [asyncio.create_task(anext(stream)) for stream in (slow, quick)]
        await asyncio.sleep(0)
        microphone.publish(silence(0.1, 0.0))
        await asyncio.gather(*waiting)
        for n in range(1, 51):
            microphone.publish(silence(0.1, n * 0.1))
            assert (await anext(quick)).timestamp == pytest.approx(n * 0.1)
        kept = [round((await anext(slow)).timestamp, 1) for _ in range(10)]
        assert kept == [4.1, 4.2, 4.3, 4.4, 4.5, 4.6, 4.7, 4.8, 4.9, 5.0]
        assert len(caplog.records) == 1
        assert "is lost" in caplog.text


async def test_who_has_left_is_forgotten() -> None:
    microphone = Microphone()
    publish(microphone, 0.0, 1)
    await take(microphone, 0.0, 1)
    assert not microphone._listeners
