"""The client as a speaker: it is sent sound as fast as that is made, and says itself what was heard of it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing

from assistant.audio import AudioChunk, AudioFormat
from assistant.convert import converted
from assistant.http.realtime.settings import RATE
from assistant.speech import Played

__all__ = ["ClientSink"]

_FORMAT = AudioFormat(RATE)
_PIECE = _FORMAT.size(0.2)
"""Bytes that are sent at once."""


class ClientSink:
    """A sink that hands on what it is given; what it says was played was sent."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._send = send

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        """Send *audio* as 24 kHz, 16-bit mono, and yield how much was sent."""
        loop, seconds, piece, begun = asyncio.get_running_loop(), 0.0, b"", False
        async with aclosing(converted(audio, _FORMAT)) as sound:
            async for chunk in sound:
                piece += chunk.audio
                if len(piece) < _PIECE:
                    continue
                if not begun:
                    begun = True
                    yield Played(0.0, loop.time())
                await self._send(piece)
                seconds, piece = seconds + _FORMAT.seconds(len(piece)), b""
                yield Played(seconds, loop.time())
        if piece:
            await self._send(piece)
            yield Played(seconds + _FORMAT.seconds(len(piece)), loop.time())
