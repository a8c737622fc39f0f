"""Sound that nobody asked for at this moment: what rings, what is announced."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

from assistant.audio import AudioChunk
from assistant.controls.loudness import AtVolume
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.listen import Listener
from assistant.pipeline.listening import DEAF
from assistant.streams import once, patient

__all__ = ["sound_at"]


async def sound_at(listener: Listener, equipment: Equipment, sound: Sequence[AudioChunk]) -> None:
    """Play *sound* at a device, at its volume; raises what prevents it."""
    async with asyncio.timeout(DEAF) as waiting, equipment.pool.lease(listener.device.sink) as sink:
        waiting.reschedule(None)
        followed = listener.reference.following(sink) if listener.device.echo else sink
        at_volume = AtVolume(followed, partial(equipment.controls.gain, listener.name))
        playing: AsyncGenerator[object, None] = patient(at_volume.play(once(*sound)), DEAF, "the speaker")
        async with aclosing(playing) as progress:
            async for _ in progress:
                pass
