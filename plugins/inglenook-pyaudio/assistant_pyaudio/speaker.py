"""The engine `pyaudio-sink`."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

import pyaudio

from assistant import AudioChunk, AudioFormat, Converter, Device, DeviceError, Played
from assistant_pyaudio import SinkConfig
from assistant_pyaudio.portaudio import Callback, PortAudio, Stream, Wish

__all__ = ["Speaker"]

_PERIOD = 0.02
"""Seconds of sound that PortAudio takes at once; its buffer holds two or three of them."""
_AHEAD = 0.3
"""Seconds of sound kept ready for PortAudio: enough for a busy event loop, little enough to be ducked."""
_STEP = 0.1
"""Seconds of sound converted at once."""
_TICK = 0.02
"""Seconds between two looks at how far it has come."""
_STALLED = 2.0
"""Seconds without a callback after which the device is taken to be gone."""


class Speaker:
    """Play on one device.

    Each answer opens it while its first words are still being made, and starts it when they are there, so that the
    first sample leaves at once and not behind a buffer of silence.
    """

    def __init__(self, portaudio: PortAudio, config: SinkConfig) -> None:
        self._portaudio = portaudio
        self._config = config
        self.format: AudioFormat | None = None
        """How the device was last opened; None before."""

    def devices(self) -> list[Device]:
        """Return the devices of this machine, microphones too."""
        return self._portaudio.devices

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        """Play *audio* and tell how much of it has left the speaker; raises DeviceError where the device is gone."""
        loop = asyncio.get_running_loop()
        playback = _Playback(loop.time)
        stream = Stream(_wish(self._config), playback.handler)
        feeding: asyncio.Task[None] | None = None
        try:
            await self._portaudio.open(stream)
            self.format = playback.format
            feeding = asyncio.create_task(self._feed(audio, playback, stream), name="pyaudio-sink")
            while not (feeding.done() and playback.finished):
                await (asyncio.sleep(_TICK) if feeding.done() else asyncio.wait({feeding}, timeout=_TICK))
                if feeding.done():
                    feeding.result()
                if playback.unasked > _STALLED:
                    raise DeviceError(f"speaker {self._config.device!r} is gone", hint="plug it in again")
                for played in playback.progress():
                    yield played
        finally:
            if feeding is not None:
                feeding.cancel()
            try:
                await self._portaudio.close(stream)  # silent from here on, however long the feeding takes to end
            finally:
                if feeding is not None:
                    await asyncio.gather(feeding, return_exceptions=True)

    async def _feed(self, audio: AsyncIterator[AudioChunk], playback: "_Playback", stream: Stream) -> None:
        converter: Converter | None = None
        async for chunk in audio:
            if converter is None or converter.source != chunk.format:
                if converter is not None:
                    playback.push(converter.flush())
                converter = Converter(chunk.format, playback.format)
            step = chunk.format.size(_STEP)
            for at in range(0, len(chunk.audio), step):
                await asyncio.sleep(max(0.0, playback.ahead - _AHEAD))
                playback.push(converter.push(chunk.audio[at : at + step]))
                if not playback.started:
                    playback.start()
                    await self._portaudio.start(stream)
        if converter is not None:
            playback.push(converter.flush())


class _Playback:
    """What is still to be played and how far it has come; filled by the loop, emptied by PortAudio's thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.format = AudioFormat(48_000)
        """What the device takes; known once it is open."""
        self._clock = clock
        self._guard = threading.Lock()
        self._waiting = bytearray()
        self._leaving: deque[tuple[float, float]] = deque()  # blocks: when each begins to leave, its seconds
        self._left = 0.0  # seconds of the blocks that have left
        self._called: float | None = None
        self._told = False

    def handler(self, form: AudioFormat) -> Callback:
        """Return the callback for a device that takes *form*."""
        self.format = form

        def wanted(_: object, frames: int, times: dict[str, float], flags: int) -> tuple[bytes, int]:
            return self._pull(frames, max(0.0, times["output_buffer_dac_time"] - times["current_time"]))

        return wanted

    def _pull(self, frames: int, delay: float) -> tuple[bytes, int]:
        size = frames * self.format.frame
        with self._guard:
            self._called = self._clock()
            audio = bytes(self._waiting[:size])
            del self._waiting[:size]
            if audio:
                self._leaving.append((self._called + delay, self.format.seconds(len(audio))))
        return audio.ljust(size, b"\0"), pyaudio.paContinue

    def push(self, audio: bytes) -> None:
        """Add sound in the device's format."""
        with self._guard:
            self._waiting += audio

    @property
    def ahead(self) -> float:
        """Return the seconds that PortAudio has not taken yet."""
        return self.format.seconds(len(self._waiting))

    def start(self) -> None:
        """Expect PortAudio to ask for sound from now on."""
        self._called = self._clock()

    @property
    def started(self) -> bool:
        """Return whether PortAudio is expected to ask for sound."""
        return self._called is not None

    @property
    def unasked(self) -> float:
        """Return the seconds since PortAudio last asked for sound, 0 before the start."""
        return 0.0 if self._called is None else self._clock() - self._called

    @property
    def finished(self) -> bool:
        """Return whether all that was pushed has left, as of the last `progress`."""
        with self._guard:
            return not self._waiting and not self._leaving

    def progress(self) -> Iterator[Played]:
        """Yield how far it has come: first when the first sample left, then how much has left by now."""
        now = self._clock()
        with self._guard:
            first = self._leaving[0][0] if self._leaving else now
            while self._leaving and sum(self._leaving[0]) <= now:
                self._left += self._leaving.popleft()[1]
            left = self._left + sum(min(max(now - start, 0.0), seconds) for start, seconds in self._leaving)
        if left and not self._told:
            self._told = True
            yield Played(0.0, first)
        if self._told:
            yield Played(left, now)


def _wish(config: SinkConfig) -> Wish:
    rates = (config.rate,) if config.rate is not None else (48_000, 0, 44_100, 16_000)
    return Wish("output", config.device, rates, (1, 2, 0), _PERIOD)
