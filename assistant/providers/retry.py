"""Ask another server once more."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from assistant.errors import EngineError, EngineUnavailable, UnfitRequest
from assistant.providers.spec import Provider

__all__ = ["retried"]

T = TypeVar("T")
_FIRST = 0.5
"""Seconds before the first repetition; each waits twice as long as the one before."""
_LONGEST = 8.0
"""Seconds that none is above."""


async def retried(provider: Provider, ask: Callable[[], Awaitable[T]]) -> T:
    """Return what *ask* returns, which is called up to `max_retries` times more where it raises an EngineError.

    What would fail in the same way again is not repeated: a request that is unfit, a server that is not there. *ask*
    ends where an answer begins, so nothing is said twice. Waits with jitter, as OpenAI's library does.
    """
    for again in range(provider.config.parameters.max_retries):
        try:
            return await ask()
        except (UnfitRequest, EngineUnavailable):
            raise
        except EngineError as error:
            provider.log.info("%s; asked again", error)
            await asyncio.sleep(min(_FIRST * 2**again, _LONGEST) * random.uniform(0.75, 1))  # noqa: S311
    return await ask()
