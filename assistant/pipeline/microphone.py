"""What one device hears, for whoever listens now, with the last seconds before."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator

from assistant.audio import AudioChunk

__all__ = ["Microphone"]

log = logging.getLogger(__name__)


class Microphone:
    """Hand each chunk to all who listen, and keep a ring of the latest: the pre-roll.

    A listener that is too slow loses the oldest sound, is told so once a burst, and never holds up the others.
    """

    def __init__(self, preroll: float = 3.0, backlog: float = 30.0) -> None:
        self._preroll = preroll
        self._backlog = backlog
        self._ring: deque[AudioChunk] = deque()
        self._listeners: set[_Listener] = set()
        self.lost = 0
        """Chunks that a listener was too slow for, of all listeners."""

    def publish(self, chunk: AudioChunk) -> None:
        """Take the next chunk that was captured."""
        self._ring.append(chunk)
        while self._ring and self._ring[0].end < chunk.end - self._preroll:
            self._ring.popleft()
        for listener in self._listeners:
            self.lost += listener.put(chunk)

    def forget(self) -> None:
        """Drop the pre-roll."""
        self._ring.clear()

    async def since(self, timestamp: float) -> AsyncGenerator[AudioChunk, None]:
        """Yield the chunks that end after *timestamp*, first from the pre-roll, then as they are heard."""
        listener = _Listener(self._backlog)
        for chunk in self._ring:
            if chunk.end > timestamp:
                listener.put(chunk)
        self._listeners.add(listener)
        try:
            while True:
                yield await listener.get()
        finally:
            self._listeners.discard(listener)


class _Listener:
    def __init__(self, backlog: float) -> None:
        self._backlog = backlog
        self._chunks: deque[AudioChunk] = deque()
        self._seconds = 0.0
        self._arrived = asyncio.Event()
        self._losing = False

    def put(self, chunk: AudioChunk) -> bool:
        """Take a chunk; return whether the oldest is lost for it."""
        self._chunks.append(chunk)
        self._seconds += chunk.duration
        if losing := self._seconds > self._backlog:
            self._seconds -= self._chunks.popleft().duration
            if not self._losing:
                log.warning("what is heard is not worked off in time: sound older than %g s is lost", self._backlog)
            self._losing = True
        self._arrived.set()
        return losing

    async def get(self) -> AudioChunk:
        while not self._chunks:
            self._losing = False
            self._arrived.clear()
            await self._arrived.wait()
        chunk = self._chunks.popleft()
        self._seconds -= chunk.duration
        return chunk
