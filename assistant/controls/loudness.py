"""How loud a device speaks: a factor on the samples, on their way to the sink.

Not the sink's own volume: a factor works with every sink alike (a file, ALSA without a mixer, another room), it is
exact, and it changes neither other programs nor what somebody has set on the desktop.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable

from assistant.audio import AudioChunk
from assistant.convert import faded
from assistant.engines import Sink
from assistant.speech import Played

__all__ = ["AtVolume"]

_SLICE = 0.02
"""Seconds of sound in which the loudness goes from one to another without a click."""


class AtVolume:
    """A sink that plays what it is given at the volume that is set at the moment."""

    def __init__(self, sink: Sink, gain: Callable[[], float]) -> None:
        """Take the sink, and what returns the factor of the samples, 0 to 1."""
        self._sink = sink
        self._gain = gain

    def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        """Play *audio*, louder or quieter from one moment to the next."""
        return self._sink.play(self._scaled(audio))

    async def _scaled(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
        before = self._gain()
        async for chunk in audio:
            size = chunk.format.size(_SLICE)
            for at in range(0, len(chunk.audio), size):
                now = self._gain()
                part = AudioChunk(chunk.audio[at : at + size], chunk.format, chunk.timestamp)
                yield part if before == now == 1.0 else faded(part, before, now)
                before = now
