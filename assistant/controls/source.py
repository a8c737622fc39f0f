"""A microphone that is closed while it is muted, whoever listens to it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from assistant.audio import AudioChunk
from assistant.controls.switch import Switch
from assistant.engines import Source
from assistant.errors import DeviceError

__all__ = ["MutedSource"]


class MutedSource:
    """Capture from a source, but only while it is not muted."""

    def __init__(self, source: Source, mute: Switch) -> None:
        self._source = source
        self._mute = mute

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)  # what engines offer beyond the protocol, such as a list of devices

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        """Yield what is heard; raises DeviceError as long as it is muted, and closes the device as soon as it is."""
        self._refuse()
        muted = asyncio.create_task(self._mute.on.wait(), name="mute")
        try:
            async with aclosing(self._source.capture()) as heard:
                self._mute.captures += 1
                try:
                    while (chunk := await _next(heard, muted)) is not None:
                        yield chunk
                finally:
                    self._mute.captures -= 1
        finally:
            muted.cancel()
        self._refuse()

    def _refuse(self) -> None:
        if self._mute.on.is_set():
            raise DeviceError(f"{self._mute.name} is muted", hint="assistant unmute")


async def _next(heard: AsyncGenerator[AudioChunk, None], muted: "asyncio.Task[Any]") -> AudioChunk | None:
    """Return the next chunk; None at the end of the sound and once it is muted."""
    chunk = asyncio.ensure_future(anext(heard))
    try:
        await asyncio.wait({chunk, muted}, return_when=asyncio.FIRST_COMPLETED)
        return None if muted.done() else chunk.result()
    except StopAsyncIteration:
        return None
    finally:
        chunk.cancel()
        await asyncio.wait({chunk})
        if not chunk.cancelled():
            chunk.exception()
