"""From PortAudio's thread to the event loop."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

__all__ = ["Inbox"]

log = logging.getLogger(__name__)

T = TypeVar("T")


class Inbox(Generic[T]):
    """A bounded queue that one thread fills and one task empties; a reader that is too slow loses the oldest."""

    def __init__(self, maxlen: int, name: str) -> None:
        self._items: deque[T] = deque(maxlen=maxlen)
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._name = name
        self._lost = 0

    def put(self, item: T) -> None:
        """Add an item. Never waits and never raises; for any thread."""
        if len(self._items) == self._items.maxlen:
            self._lost += 1
        self._items.append(item)
        with suppress(RuntimeError):  # the loop has ended, and nobody reads any more
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def get(self, timeout: float) -> T | None:
        """Return the oldest item, or None where nothing comes for *timeout* seconds."""
        if self._lost and (not self._items or self._lost >= (self._items.maxlen or 0)):  # the end of a burst, or no end
            log.warning("%s: sound was taken too slowly, and %d blocks were lost", self._name, self._lost)
            self._lost = 0
        while not self._items:
            self._arrived.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        return self._items.popleft()
