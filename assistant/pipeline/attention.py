"""Show that somebody is served: other programs are lowered, and a chime answers the wake word."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

from assistant.config.assistants import DeviceConfig
from assistant.controls.chime import chime
from assistant.controls.loudness import AtVolume
from assistant.pipeline.reference import Reference
from assistant.pipeline.turn import Turn
from assistant.streams import heed_cancellation, once

__all__ = ["attention"]

log = logging.getLogger(__name__)

_LATEST = 1.0
"""Seconds within which a chime is begun and over; after that it would only disturb."""


@asynccontextmanager
async def attention(turn: Turn, device: DeviceConfig, reference: Reference) -> AsyncGenerator[None, None]:
    """Attend to whoever began *turn*, and to all that follows from it, for as long as the context is open.

    A chime is no part of the answer: it is in no receipt, and no turn waits for it or fails by it.
    """
    controls = turn.equipment.controls
    chiming = None
    if turn.wake is not None and controls.chimes(turn.device):
        chiming = asyncio.create_task(_chime(turn, device, reference), name=f"chime {turn.id}")
    try:
        async with controls.ducking.lowered(device.duck):
            yield
    finally:
        if chiming is not None:
            chiming.cancel()
            await asyncio.wait({chiming})


async def _chime(turn: Turn, device: DeviceConfig, reference: Reference) -> None:
    controls = turn.equipment.controls
    try:
        async with asyncio.timeout(_LATEST), turn.equipment.pool.lease(device.sink) as sink:
            followed = reference.following(sink) if device.echo else sink
            at_volume = AtVolume(followed, lambda: controls.gain(turn.device))
            async with aclosing(at_volume.play(once(chime()))) as playing:
                async for _ in playing:
                    pass
    except Exception as error:
        heed_cancellation(error)
        log.debug("turn %s: no chime: %s", turn.id, error)
