"""The only helpers for concurrency: blocking work in threads, and streams that run ahead.

Every async generator is consumed inside `aclosing`, so that its `finally` has run when the consumer goes on.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

from assistant.errors import EngineError, EngineTimeout

__all__ = ["heed_cancellation", "in_thread", "iterate_in_thread", "once", "patient", "prefetch", "stuck"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_END = object()
_GRACE = 1.0
"""Seconds that a stream which is left gets to end its step; after that it ends on its own."""
_LEFT_BEHIND: dict[asyncio.Task[None], float] = {}
"""Streams that were left in the middle of a step that cannot be stopped, until the step ends, and when they were."""


def _left(error: SystemExit) -> EngineError:
    """Return what `sys.exit()` in an engine amounts to: its failure, not the end of the daemon."""
    return EngineError(f"it called sys.exit({error.code})", hint="report it to the plugin's author")


def heed_cancellation(error: BaseException) -> None:
    """Raise CancelledError where this task was cancelled, although something failed on the way out."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error


async def in_thread(call: Callable[[], T], executor: Executor | None = None) -> T:
    """Run one blocking step in a thread.

    A thread cannot be stopped, so a cancelled caller waits until the step has ended and only then raises: whoever
    comes next never meets a half-finished native call.
    """

    def guarded() -> T:
        try:
            return call()
        except SystemExit as error:
            raise _left(error) from error

    step = asyncio.get_running_loop().run_in_executor(executor, guarded)
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        while not step.done():
            try:
                await asyncio.wait({step})
            except asyncio.CancelledError:
                continue  # already on the way out; the first cancellation is raised below
        if not step.cancelled():
            step.exception()  # seen, so that it is not reported as never retrieved
        raise


async def iterate_in_thread(
    make: Callable[[], Iterator[T]], executor: Executor | None = None
) -> AsyncGenerator[T, None]:
    """Yield the items of a blocking iterator, each made in a thread when it is asked for.

    Closing the generator ends the work within one item and closes the iterator in the same thread pool.
    """
    iterator: Iterator[T] | None = None

    def step() -> object:
        nonlocal iterator
        if iterator is None:
            iterator = iter(make())
        return next(iterator, _END)

    def close() -> None:
        if iterator is not None and hasattr(iterator, "close"):
            iterator.close()

    try:
        while (item := await in_thread(step, executor)) is not _END:
            yield item  # type: ignore[misc]
    finally:
        await in_thread(close, executor)


@asynccontextmanager
async def prefetch(items: AsyncGenerator[T, None], maxsize: int) -> AsyncIterator[AsyncIterator[T]]:
    """Run a stream ahead of its consumer by up to *maxsize* items, in a task that ends with the context.

    A context manager and not a generator, because a task must not outlive a half-consumed generator (PEP 789).
    """
    queue: asyncio.Queue[object] = asyncio.Queue(maxsize)
    failure: BaseException | None = None
    left = False  # then nobody makes room in the queue any more

    async def fill() -> None:
        nonlocal failure
        try:
            async with aclosing(items):
                async for item in items:
                    if left:
                        return
                    await queue.put(item)
        except asyncio.CancelledError as error:
            if left:
                raise
            failure = error  # raised by the stream itself
        except Exception as error:
            failure = error
        if not left:
            await queue.put(_END)

    async def drain() -> AsyncIterator[T]:
        while (item := await queue.get()) is not _END:
            yield item  # type: ignore[misc]
        if failure is not None:
            raise failure

    task = asyncio.create_task(fill(), name="prefetch")
    try:
        async with aclosing(drain()) as drained:  # type: ignore[type-var]
            yield drained
    finally:
        left = True
        task.cancel()
        await asyncio.wait({task})


async def _until(step: asyncio.Task[object], seconds: float) -> None:
    await asyncio.wait({step}, timeout=seconds)


async def patient(
    items: AsyncGenerator[T, None],
    seconds: float,
    what: str,
    *,
    first: float | None = None,
    wait: Callable[[asyncio.Task[object], float], Awaitable[None]] = _until,
) -> AsyncGenerator[T, None]:
    """Yield *items* and close them, but raise EngineTimeout where the next takes longer than *seconds*.

    Where that is given, *first* is the time for the first of them. *wait* waits for the step that makes the next, at
    most so many seconds unless it knows better; it may give the step up earlier.

    A native call cannot be stopped. A stream that hangs in one is left behind, to be closed when the call returns, so
    that whoever waits can go on and say so.
    """

    async def following() -> object:
        try:
            return await anext(items, _END)
        except SystemExit as error:
            raise _left(error) from error

    async def close() -> None:
        if step is not None and not step.done():
            step.cancel()
            await asyncio.wait({step})
        if step is not None and not step.cancelled():
            step.exception()  # seen, so that it is not reported as never retrieved
        try:
            await items.aclose()
        except Exception as error:
            log.warning("%s failed at its end: %s: %s", what, type(error).__name__, error)

    step: asyncio.Task[object] | None = None
    left, clock = seconds if first is None else first, asyncio.get_running_loop().time
    try:
        while True:
            step, began = asyncio.create_task(following(), name=what), clock()
            await wait(step, left)
            if not step.done():
                took = min(left, round(clock() - began, 2))
                raise EngineTimeout(f"{what} made no progress in {took:g} s", hint="`assistant check` opens everything")
            if (item := step.result()) is _END:
                return
            yield item  # type: ignore[misc]
            left = seconds
    finally:
        closing = asyncio.create_task(close(), name=what)
        _LEFT_BEHIND[closing] = asyncio.get_running_loop().time()
        closing.add_done_callback(_LEFT_BEHIND.pop)
        await asyncio.wait({closing}, timeout=_GRACE)


def stuck(seconds: float) -> list[str]:
    """Name what `patient` has left in the middle of a step *seconds* ago or more, and has not come back since."""
    now = asyncio.get_running_loop().time()
    return [closing.get_name() for closing, left in _LEFT_BEHIND.items() if now - left >= seconds]


async def once(*items: T) -> AsyncGenerator[T, None]:
    """Yield *items*: a stream of what is already known."""
    for item in items:
        yield item
