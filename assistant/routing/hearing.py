"""Which speech recogniser hears: the first that is well, and where it fails the next."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import TypeVar

from assistant.errors import AudioError
from assistant.routing.breaker import State
from assistant.routing.health import Health
from assistant.streams import heed_cancellation

__all__ = ["heard", "well_first"]

log = logging.getLogger(__name__)

T = TypeVar("T")


def well_first(models: Iterable[str], health: Health) -> list[str]:
    """Return *models* in their order, but last those that failed lately or whose server is silent."""
    return sorted(models, key=lambda model: health.state(model) is State.OPEN)


async def heard(
    models: Sequence[str],
    health: Health,
    hear: Callable[[str], AsyncGenerator[T, None]],
    begin: Callable[[str], Awaitable[None]] | None = None,
) -> AsyncGenerator[T, None]:
    """Yield what the first of *models* hears; where it fails, what the next one does, from the beginning of the sound.

    *begin* is told who is to hear, and waited for. How it goes is noted in *health*. Raises what the last of them
    raised, and AudioError, which is the sound's fault.
    """
    clock = asyncio.get_running_loop().time
    for model, *others in (models[at:] for at in range(len(models))):
        try:
            if begin is not None:
                await begin(model)
            with health.asking(model) as asking:
                async with aclosing(hear(model)) as pieces:
                    async for piece in pieces:
                        asking.hear(clock())
                        yield piece
            return
        except Exception as error:
            heed_cancellation(error)
            if not others or isinstance(error, AudioError):
                raise
            log.warning("%s; %s hears in its place", error, others[0])
