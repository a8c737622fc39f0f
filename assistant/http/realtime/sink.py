"""The client as a speaker: it is sent sound as fast as that is made, and says itself what was heard of it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing

from assistant.audio import AudioChunk, AudioFormat
from assistant.convert import converted
from assistant.http.realtime.forms import Form
from assistant.speech import Played

__all__ = ["ClientSink"]

_PIECE = 0.2
"""Seconds that are sent at once."""


class ClientSink:
    """A sink that hands on what it is given; what it says was played was sent."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]], form: Form) -> None:
        self._send = send
        self._form = form

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        """Send *audio* in the client's form, and yield how much was sent."""
        form = AudioFormat(self._form.rate)
        loop, seconds, piece, begun = asyncio.get_running_loop(), 0.0, b"", False
        async with aclosing(converted(audio, form)) as sound:
            async for chunk in sound:
                piece += chunk.audio
                if form.seconds(len(piece)) < _PIECE:
                    continue
                if not begun:
                    begun = True
                    yield Played(0.0, loop.time())
                await self._send(self._form.write(piece))
                seconds, piece = seconds + form.seconds(len(piece)), b""
                yield Played(seconds, loop.time())
        if piece:
            await self._send(self._form.write(piece))
            yield Played(seconds + form.seconds(len(piece)), loop.time())
