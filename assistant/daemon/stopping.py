"""How the daemon ends: at the first signal in order, at the second, or when something does not end, at once."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

__all__ = ["heed_signals", "until"]

log = logging.getLogger(__name__)

_IMPATIENT = 1.0
"""Seconds after which a second signal is a person's wish, and no longer the first one sent to a whole group."""
_DRAIN = 8.0
"""Seconds that everything may take to end once the daemon was asked to stop; systemd kills it after ten."""


async def until(stop: asyncio.Event, work: Awaitable[None]) -> None:
    """Do *work* until it fails or *stop* is set, even if there is nothing left to do: the HTTP door is still open."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
            await stopping
    finally:
        for task in (working, stopping):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def heed_signals(stop: Callable[[], None]) -> None:
    """Stop at the first signal; end the process where an engine's native call holds it up, or at the second."""

    def first() -> None:
        stop()
        timer = threading.Timer(_DRAIN, _abandon)
        timer.daemon = True
        timer.start()
        loop.call_later(_IMPATIENT, hurry)

    def hurry() -> None:
        for name in names:
            loop.add_signal_handler(name, _abandon)

    names = (signal.SIGTERM, signal.SIGINT)
    loop = asyncio.get_running_loop()
    for name in names:
        loop.add_signal_handler(name, first)


def _abandon() -> None:
    """End the process at once: a thread in a native call cannot be stopped, and Python would wait for it for ever."""
    log.error("something does not end, and is left; everything that is kept is on disk")
    os._exit(0)
