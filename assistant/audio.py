"""Sound as it flows through the assistant: formats and chunks."""

from dataclasses import dataclass

__all__ = ["SPEECH", "AudioChunk", "AudioFormat"]


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How PCM bytes are to be read: interleaved, signed, little-endian samples."""

    rate: int
    """Hertz, per channel."""
    width: int = 2
    """Bytes per sample of one channel."""
    channels: int = 1
    """Interleaved channels."""

    @property
    def frame(self) -> int:
        """Return the bytes of one sample over all channels."""
        return self.width * self.channels

    def seconds(self, size: int) -> float:
        """Return how long *size* bytes last, in seconds."""
        return size / (self.rate * self.frame)

    def size(self, seconds: float) -> int:
        """Return how many bytes *seconds* of sound take, in whole frames."""
        return round(seconds * self.rate) * self.frame


SPEECH = AudioFormat(rate=16_000)
"""What every listening engine receives: 16 kHz, 16-bit, mono."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of sound, and when it was heard."""

    audio: bytes
    """PCM, whole frames of `format`."""
    format: AudioFormat
    """How to read `audio`."""
    timestamp: float = 0.0
    """Seconds on the clock of the event loop (`loop.time()`) at which the first sample was captured;
    0 where the chunk was made, not heard."""

    @property
    def duration(self) -> float:
        """Return how long the chunk lasts, in seconds."""
        return self.format.seconds(len(self.audio))

    @property
    def end(self) -> float:
        """Return the timestamp at which the last sample ends, in seconds."""
        return self.timestamp + self.duration
