"""Engines: the light ones first, each again until it is open."""

import asyncio
import itertools
import logging
from contextlib import suppress
from importlib import import_module

from assistant.assembly import Assembly
from assistant.engines import Kind
from assistant.errors import AssistantError
from assistant.host import ModelStatus
from assistant.streams import in_thread

__all__ = ["import_numpy", "open_all"]

log = logging.getLogger(__name__)

_HEAVY = (Kind.TTS, Kind.STT, Kind.CHAT, Kind.VISION)
"""Engines that are heavy to load, in the order in which they are: a voice first, which can say sorry for the others;
eyes last, for nobody stands before a microphone for them."""
_HELD_UP = 10.0
"""Seconds after which an engine that is still opening no longer delays the next one."""
_AGAIN = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds to wait before an engine that failed to open is tried again; the last value repeats."""


async def import_numpy() -> None:
    """Import numpy before any engine does.

    Each engine is loaded in a thread of its own. Where one imports numpy while the library of another does so from C,
    as onnxruntime, it is now and then broken until the process ends: "cannot load module more than once per process".
    """
    await in_thread(lambda: import_module("numpy"))


async def open_all(assembly: Assembly, group: asyncio.TaskGroup) -> None:
    """Open every engine of this machine, the light ones first; return when each is open or was tried.

    One is opened after the other: loading is heavy, and a small machine has no two hands for it. But one that takes
    very long, or hangs, delays the others only for a while.
    """
    tried = []
    here = [model for model in assembly.models() if model.id not in assembly.providers]
    for model in sorted(here, key=lambda m: _HEAVY.index(m.kind) if m.kind in _HEAVY else -1):
        tried.append(first := asyncio.Event())
        group.create_task(_keep_open(assembly, model, first), name=f"open {model.id}")
        with suppress(TimeoutError):
            async with asyncio.timeout(_HELD_UP):
                await first.wait()
    for first in tried:
        await first.wait()


async def _keep_open(assembly: Assembly, model: ModelStatus, tried: asyncio.Event) -> None:
    """Open an engine, however often it takes, and set *tried* after the first time; then prepare it."""
    reason = ""
    for wait in itertools.chain(_AGAIN, itertools.repeat(_AGAIN[-1])):
        try:
            await assembly.pool.open(model.id)
        except AssistantError as error:  # also named by /readyz
            if str(error) != reason:
                log.error("%s%s", error, f" ({error.hint})" if error.hint else "")
            reason = str(error)
        else:
            await assembly.prepare(model.id)
            return
        finally:
            tried.set()
        await asyncio.sleep(wait)
