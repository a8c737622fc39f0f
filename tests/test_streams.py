"""Blocking work in threads, streams that run ahead, streams that hang."""

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress

import pytest

from assistant import EngineTimeout, in_thread, iterate_in_thread, once, prefetch
from assistant.streams import _LEFT_BEHIND, patient
from assistant.testing import run_in_virtual_time


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.001)


async def read_into(read: list[int], items: AsyncIterator[int]) -> None:
    async for item in items:
        read.append(item)  # noqa: PERF401 - what was read before a failure counts


@pytest.fixture(autouse=True)
async def loop_complaints() -> AsyncGenerator[list[str], None]:
    """Collect what the loop complains of, such as exceptions that nobody retrieved; there must be none."""
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(str(context)))
    yield complaints
    gc.collect()
    await asyncio.sleep(0)
    assert not complaints
    assert asyncio.all_tasks() == {asyncio.current_task()}, "a task is left"


# -- in_thread -------------------------------------------------------------------------------------------------------


async def test_a_step_runs_in_a_thread_and_returns_or_raises() -> None:
    assert await in_thread(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


@pytest.mark.parametrize("cancellations", [1, 3])
@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancelled_caller_waits_for_the_step_to_end(cancellations: int, fails: bool) -> None:
    began, go = threading.Event(), threading.Event()

    def step() -> None:
        began.set()
        assert go.wait(30)
        if fails:
            raise ZeroDivisionError

    task = asyncio.create_task(in_thread(step))
    await until(began.is_set)
    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_steps_of_one_executor_never_overlap_though_their_callers_are_cancelled() -> None:
    running = most = 0
    lock = threading.Lock()

    def step() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.002)
        with lock:
            running -= 1

    with ThreadPoolExecutor(1) as executor:
        for _ in range(20):
            task = asyncio.create_task(in_thread(step, executor))
            await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.wait({task})
            assert running == 0
    assert most == 1


# -- iterate_in_thread -----------------------------------------------------------------------------------------------


class Numbers:
    """A blocking iterator that knows how far it came and whether it was closed."""

    def __init__(self, count: int, fails_at: int = -1) -> None:
        self.made = 0
        self.closed = 0
        self._count = count
        self._fails_at = fails_at

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if self.made == self._fails_at:
            raise ZeroDivisionError
        if self.made == self._count:
            raise StopIteration
        self.made += 1
        return self.made

    def close(self) -> None:
        self.closed += 1


async def test_a_blocking_iterator_is_read_to_its_end_and_closed() -> None:
    numbers = Numbers(3)
    async with aclosing(iterate_in_thread(lambda: numbers)) as items:
        assert [item async for item in items] == [1, 2, 3]
    assert numbers.closed == 1


async def test_an_item_is_made_only_when_it_is_asked_for_and_none_after_closing() -> None:
    numbers = Numbers(100)
    async with aclosing(iterate_in_thread(lambda: numbers)) as items:
        async for item in items:
            assert numbers.made == item
            if item == 3:
                break
    assert (numbers.made, numbers.closed) == (3, 1)


async def test_closing_in_the_middle_of_an_item_ends_with_that_item() -> None:
    began, go = threading.Event(), threading.Event()
    made: list[int] = []

    def work() -> Iterator[int]:
        try:
            for n in range(100):
                began.set()
                assert go.wait(30)
                made.append(n)
                yield n
        finally:
            made.append(-1)

    async def consume() -> None:
        async with aclosing(iterate_in_thread(work)) as items:
            async for _ in items:
                pass

    task = asyncio.create_task(consume())
    await until(began.is_set)
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert made == [0, -1]


async def test_an_iterator_that_fails_or_cannot_be_made_raises_where_it_is_read() -> None:
    numbers = Numbers(5, fails_at=2)
    read: list[int] = []
    with pytest.raises(ZeroDivisionError):
        async with aclosing(iterate_in_thread(lambda: numbers)) as items:
            await read_into(read, items)
    assert (read, numbers.closed) == ([1, 2], 1)
    with pytest.raises(ZeroDivisionError):
        async with aclosing(iterate_in_thread(lambda: iter([1 // 0]))) as items:
            await anext(items)


async def test_nothing_is_made_where_nothing_is_asked_for() -> None:
    numbers = Numbers(5)
    await iterate_in_thread(lambda: numbers).aclose()
    assert numbers.made == 0


# -- prefetch --------------------------------------------------------------------------------------------------------


class Stream:
    """An async generator that knows how far it came and whether it was closed."""

    def __init__(self, count: int, fails: Exception | None = None, at_end: Exception | None = None) -> None:
        self.made = 0
        self.closed = False
        self._count = count
        self._fails = fails
        self._at_end = at_end

    async def items(self) -> AsyncGenerator[int, None]:
        try:
            for n in range(self._count):
                self.made += 1
                yield n
                await asyncio.sleep(0)
            if self._fails:
                raise self._fails
        finally:
            self.closed = True
            if self._at_end:
                raise self._at_end


async def collect(items: AsyncIterator[int]) -> list[int]:
    return [item async for item in items]


async def test_prefetch_yields_everything_in_order() -> None:
    stream = Stream(20)
    async with prefetch(stream.items(), 3) as items:
        assert await collect(items) == list(range(20))
    assert stream.closed


async def test_prefetch_runs_ahead_by_no_more_than_its_bound() -> None:
    stream = Stream(100)
    async with prefetch(stream.items(), 3) as items:
        await anext(items)
        for _ in range(50):
            await asyncio.sleep(0)
        assert stream.made == 1 + 3 + 1  # taken, in the queue, waiting to be put there
    assert stream.closed


async def test_prefetch_raises_what_the_stream_raised_after_what_came_before() -> None:
    read: list[int] = []
    with pytest.raises(ZeroDivisionError):
        async with prefetch(Stream(3, ZeroDivisionError()).items(), 8) as items:
            await read_into(read, items)
    assert read == [0, 1, 2]


async def test_prefetch_closes_its_stream_whoever_leaves_and_why() -> None:
    stream = Stream(100)
    with pytest.raises(KeyError):
        async with prefetch(stream.items(), 2) as items:
            await anext(items)
            raise KeyError
    assert stream.closed
    stream = Stream(100)
    async with prefetch(stream.items(), 2):
        pass


@pytest.mark.parametrize("read", [0, 1])
async def test_a_stream_that_fails_at_being_closed_does_not_hold_up_who_leaves(read: int) -> None:
    stream = Stream(100, at_end=ZeroDivisionError())
    async with asyncio.timeout(30):
        async with prefetch(stream.items(), 2) as items:
            for _ in range(read):
                await anext(items)
            await until(lambda: stream.made > 2)
    assert stream.closed


async def test_a_stream_that_takes_no_cancellation_does_not_hold_up_who_leaves() -> None:
    async def stubborn() -> AsyncGenerator[int, None]:
        yield 1
        while not ended:
            with suppress(asyncio.CancelledError):
                waiting.set()
                await asyncio.sleep(0.001)
            yield 1

    waiting, ended = asyncio.Event(), False
    async with asyncio.timeout(30):
        async with prefetch(stubborn(), 1):
            await waiting.wait()
        ended = True


async def test_prefetch_in_prefetch_ends_in_order_when_cancelled() -> None:
    stream = Stream(100)
    reading = asyncio.Event()

    async def doubled(items: AsyncIterator[int]) -> AsyncGenerator[int, None]:
        async for item in items:
            yield 2 * item

    async def consume() -> None:
        async with prefetch(stream.items(), 2) as first, prefetch(doubled(first), 2) as second:
            assert await anext(second) == 0
            reading.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(consume())
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stream.closed


# -- patient ---------------------------------------------------------------------------------------------------------


async def test_patient_yields_everything_and_closes() -> None:
    stream = Stream(5)
    async with aclosing(patient(stream.items(), 30, "it")) as items:
        assert await collect(items) == [0, 1, 2, 3, 4]
    assert stream.closed


async def test_patient_raises_what_the_stream_raised() -> None:
    stream = Stream(1, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        async with aclosing(patient(stream.items(), 30, "it")) as items:
            await collect(items)
    assert stream.closed


async def test_patient_closes_a_stream_that_is_left() -> None:
    stream = Stream(5)
    async with aclosing(patient(stream.items(), 30, "it")) as items:
        await anext(items)
    assert (stream.made, stream.closed) == (1, True)


async def test_a_stream_that_fails_at_being_closed_is_no_fault_of_the_reader() -> None:
    stream = Stream(5, at_end=ZeroDivisionError())
    async with aclosing(patient(stream.items(), 30, "it")) as items:
        await anext(items)
    assert stream.closed


def test_patience_counts_from_one_item_to_the_next() -> None:
    async def slow() -> AsyncGenerator[int, None]:
        for n in range(4):
            await asyncio.sleep(0.9)
            yield n
        await asyncio.sleep(1.1)
        yield 4

    async def main() -> list[int]:
        read: list[int] = []
        with pytest.raises(EngineTimeout, match="the model made no progress in 1 s"):
            async with aclosing(patient(slow(), 1, "the model")) as items:
                await read_into(read, items)
        return read

    assert run_in_virtual_time(main()) == [0, 1, 2, 3]


def test_the_readers_own_time_does_not_count() -> None:
    async def main() -> list[int]:
        read: list[int] = []
        async with aclosing(patient(once(1, 2, 3), 1, "it")) as items:
            async for item in items:
                await asyncio.sleep(100)
                read.append(item)
        return read

    assert run_in_virtual_time(main()) == [1, 2, 3]


async def test_a_native_call_that_hangs_is_left_behind_and_closed_when_it_returns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.streams._GRACE", 0.05)
    go, closed = threading.Event(), threading.Event()

    def native() -> Iterator[int]:
        try:
            assert go.wait(30)
            yield 1
        finally:
            closed.set()

    with pytest.raises(EngineTimeout):
        async with aclosing(patient(iterate_in_thread(native), 0.05, "it")) as items:
            await anext(items)
    assert not closed.is_set()
    assert len(_LEFT_BEHIND) == 1
    go.set()
    await until(lambda: not _LEFT_BEHIND)
    assert closed.is_set()


async def test_cancelling_a_patient_reader_ends_the_stream_first() -> None:
    closed = asyncio.Event()

    async def waiting() -> AsyncGenerator[int, None]:
        try:
            await asyncio.Event().wait()
            yield 1
        finally:
            closed.set()

    async def consume() -> None:
        async with aclosing(patient(waiting(), 30, "it")) as items:
            await anext(items)

    task = asyncio.create_task(consume())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()
