"""The thread in which PortAudio is used, and what becomes of a call that hangs there."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["Hung", "Owner"]

T = TypeVar("T")

_PATIENCE = 10.0
"""Seconds after which a call is taken to hang, as where the sound server goes away while a stream is being started."""


class Hung(Exception):
    """A call has not come back, and nothing that is asked of its thread will be done."""


class Owner:
    """A thread that does one call after the other. It keeps no process from its end, for a call may never come back."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self.hung = False
        """Whether a call did not come back."""
        self._patience = patience
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def do(self, call: Callable[[], T]) -> T:
        """Do something in the thread; raises Hung where it does not come back.

        Whoever is cancelled waits as long, so that nobody meets a half-finished native call.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="portaudio", daemon=True)
            self._thread.start()
        made: Future[T] = Future()
        self._calls.put((made, call))
        step, loop = asyncio.wrap_future(made), asyncio.get_running_loop()
        end, cancelled = loop.time() + self._patience, False
        while not step.done() and (left := end - loop.time()) > 0:
            try:
                await asyncio.wait({step}, timeout=left)
            except asyncio.CancelledError:
                cancelled = True
        came = step.done()
        if not came:
            self.hung = True
            made.cancel()  # if it still waits behind the one that hangs, it is never done
        if cancelled:
            if came:
                step.exception()  # seen, so that it is not reported as never retrieved
            raise asyncio.CancelledError
        if not came:
            raise Hung
        return step.result()

    def _run(self) -> None:
        while True:
            made, call = self._calls.get()
            if not made.set_running_or_notify_cancel():
                continue
            try:
                made.set_result(call())
            except BaseException as error:
                made.set_exception(error)
