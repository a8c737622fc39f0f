"""The engine `pyaudio-source`."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass

import pyaudio

from assistant import SPEECH, AudioChunk, AudioFormat, Converter, Device, DeviceError
from assistant_pyaudio import SourceConfig
from assistant_pyaudio.clock import SampleClock
from assistant_pyaudio.inbox import Inbox
from assistant_pyaudio.portaudio import Callback, PortAudio, Stream, Wish

__all__ = ["Microphone"]

log = logging.getLogger(__name__)

_BACKLOG = 10.0
"""Seconds of sound kept for a listener that is busy."""
_STALLED = 2.0
"""Seconds without a block after which the device is taken to be gone."""
_PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to reopen a device that is gone; the last repeats."""


@dataclass(frozen=True, slots=True)
class _Block:
    """What one callback brought."""

    audio: bytes
    """PCM, as the device gives it."""
    format: AudioFormat
    """How to read `audio`."""
    timestamp: float
    """Seconds on the clock of the event loop at which the first sample was captured."""


class Microphone:
    """Capture from one device, and wait for it where it goes away."""

    def __init__(self, portaudio: PortAudio, config: SourceConfig) -> None:
        self._portaudio = portaudio
        self._config = config
        self.format: AudioFormat | None = None
        """How the device was last opened; None before."""

    def devices(self) -> list[Device]:
        """Return the devices of this machine, speakers too."""
        return self._portaudio.devices

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        """Yield what the microphone hears; raises DeviceError where it is missing at the start."""
        name = f"microphone {self._config.device!r}"
        inbox: Inbox[_Block] = Inbox(round(_BACKLOG / self._config.chunk), name)
        loop = asyncio.get_running_loop()

        def handler(form: AudioFormat) -> Callback:
            clock = SampleClock()
            self.format = form

            def heard(audio: bytes | None, frames: int, times: object, flags: int) -> tuple[None, int]:
                lost = bool(flags & pyaudio.paInputOverflow)
                inbox.put(_Block(audio or b"", form, clock.stamp(loop.time(), frames / form.rate, lost=lost)))
                return None, pyaudio.paContinue

            return heard

        stream = Stream(_wish(self._config), handler)
        shaper: _Shaper | None = None
        try:
            await self._portaudio.open(stream)
            while True:
                block = await inbox.get(_STALLED)
                if block is None:
                    log.warning("%s is gone; waiting for it", name)
                    block = await self._returned(stream, inbox)
                    log.warning("%s is back", name)
                if shaper is None or shaper.format != block.format:
                    shaper = _Shaper(block.format, self._config)
                for chunk in shaper.push(block):
                    yield chunk
        finally:
            await self._portaudio.close(stream)

    async def _returned(self, stream: Stream, inbox: Inbox[_Block]) -> _Block:
        """Reopen the device until a block comes."""
        attempt = 0
        while True:
            await self._portaudio.close(stream)
            try:
                await self._portaudio.open(stream)
            except DeviceError as error:
                log.debug("%s", error)
            else:
                if block := await inbox.get(_STALLED):
                    return block
            await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1


class _Shaper:
    """Turn a device's blocks into chunks of 16 kHz mono, all of one length, stamped with when they were heard."""

    def __init__(self, form: AudioFormat, config: SourceConfig) -> None:
        self.format = form
        self._converter = Converter(form, SPEECH, config.channel)
        self._size = SPEECH.size(config.chunk)
        self._made = b""
        self._ahead = 0.0  # seconds that came in and have not gone out: in the resampler or in `_made`

    def push(self, block: _Block) -> Iterator[AudioChunk]:
        duration = block.format.seconds(len(block.audio))
        self._made += self._converter.push(block.audio)
        self._ahead += duration
        while len(self._made) >= self._size:
            chunk = AudioChunk(self._made[: self._size], SPEECH, block.timestamp + duration - self._ahead)
            self._made = self._made[self._size :]
            self._ahead -= chunk.duration
            yield chunk


def _wish(config: SourceConfig) -> Wish:
    if config.channels is not None:
        channels: tuple[int, ...] = (config.channels,)
    elif config.channel is not None:
        channels = (0,)
    else:
        channels = (1, 2, 0)
    rates = (config.rate,) if config.rate is not None else (SPEECH.rate, 0, 48_000, 44_100)
    return Wish("input", config.device, rates, channels, config.chunk)
