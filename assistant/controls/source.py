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

_AHEAD = 2
"""Chunks that are taken from the source before they are asked for."""


class MutedSource:
    """Capture from a source, but only while it is not muted."""

    def __init__(self, source: Source, mute: Switch) -> None:
        self._source = source
        self._mute = mute

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)  # what engines offer beyond the protocol, such as a list of devices

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        """Yield what is heard; raises DeviceError as long as it is muted, and closes the device as soon as it is.

        A task of its own listens, so that the device is closed although nobody asks for the next chunk.
        """
        self._refuse()
        chunks: asyncio.Queue[AudioChunk | None] = asyncio.Queue(_AHEAD)
        listening = asyncio.create_task(self._listen(chunks), name=f"source of {self._mute.name}")
        closing = asyncio.create_task(self._close(listening), name=f"mute of {self._mute.name}")
        try:
            while (chunk := await chunks.get()) is not None:
                self._refuse()
                yield chunk
            self._refuse()
            await listening
        finally:
            for task in (closing, listening):
                task.cancel()
                await asyncio.wait({task})
            if not listening.cancelled():
                listening.exception()  # seen

    async def _listen(self, chunks: "asyncio.Queue[AudioChunk | None]") -> None:
        """Take what is heard; None stands for the end, of whatever kind."""
        try:
            with self._mute.captured():
                async with aclosing(self._source.capture()) as heard:
                    async for chunk in heard:
                        await chunks.put(chunk)
            await chunks.put(None)
        except BaseException:
            while not chunks.empty():
                chunks.get_nowait()
            chunks.put_nowait(None)
            raise

    async def _close(self, listening: "asyncio.Task[None]") -> None:
        await self._mute.on.wait()
        listening.cancel()

    def _refuse(self) -> None:
        if self._mute.on.is_set():
            raise DeviceError(f"{self._mute.name} is muted", hint="assistant unmute")
