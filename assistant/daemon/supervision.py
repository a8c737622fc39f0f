"""Is the daemon alive? It asks itself, and tells systemd, which starts it anew where it is not."""

import asyncio
import faulthandler
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from assistant.assembly import Assembly
from assistant.streams import stuck
from assistant.systemd import notify, watchdog

__all__ = ["supervised"]

log = logging.getLogger(__name__)

_LOOK = 1.0
"""Seconds between two looks, at most."""
_BEATS = 4
"""Signs of life in the time within which systemd wants one: a machine that is busy may delay some."""
_STUCK = 60.0
"""Seconds after which a native call that somebody waited for in vain is taken to hang for ever."""


@asynccontextmanager
async def supervised(
    assembly: Assembly, closed: Callable[[], Iterable[str]]
) -> AsyncGenerator[Callable[[], None], None]:
    """Keep systemd informed while the context lasts; yields what is to be called once everything is ready.

    A sign of life is given only where the event loop runs, the thread of the light engines answers, and no heavy engine
    hangs in a native call. *closed* names what is not open.
    """
    ready = asyncio.Event()
    if watchdog():
        faulthandler.enable()  # systemd ends a hanging process by SIGABRT: the journal then shows where it hung
    watching = asyncio.create_task(_watch(assembly, closed, ready), name="supervision")
    try:
        yield ready.set
    finally:
        notify(STOPPING="1", STATUS="stopping")
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(assembly: Assembly, closed: Callable[[], Iterable[str]], ready: asyncio.Event) -> None:
    wanted = watchdog()
    told, named = "", False
    while True:
        status = _status(assembly, closed(), ready.is_set())
        if status != told and notify(STATUS=status, **({"READY": "1"} if ready.is_set() else {})):
            told = status
        await asyncio.wrap_future(assembly.equipment.light.submit(int))  # where the light engines hang, so does this
        hanging = stuck(_STUCK)
        if hanging and not named:
            log.error("%s hangs in a native call, and is of no use any more until a restart", ", ".join(hanging))
        named = bool(hanging)
        if wanted and not hanging:
            notify(WATCHDOG="1", **({} if ready.is_set() else {"EXTEND_TIMEOUT_USEC": f"{wanted * 1e6:.0f}"}))
        with suppress(TimeoutError):
            async with asyncio.timeout(min(_LOOK, wanted / _BEATS or _LOOK)):
                await (asyncio.Event() if ready.is_set() else ready).wait()


def _status(assembly: Assembly, closed: Iterable[str], ready: bool) -> str:
    """Return what `systemctl status` shows: the stage before the daemon is ready, what is not open after."""
    missing = ", ".join(closed)
    if not ready:
        opening = [f"{model.id} ({model.engine})" for model in assembly.models() if model.state == "opening"]
        return f"opening {', '.join(opening)}" if opening else "starting"
    return f"ready, except {missing}" if missing else "ready"
