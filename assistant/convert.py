"""From one audio format to another: width, channels and rate, as a stream.

Resampling is soxr's (https://github.com/dofuuz/python-soxr); numpy and soxr are imported when the first converter that
needs them is made, so that the core stays light.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from assistant.audio import AudioChunk, AudioFormat
from assistant.errors import AudioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Converter", "converted", "faded", "from_first_sound"]

_RATES = range(4_000, 384_001)
_CHANNELS = range(1, 33)
_AUDIBLE = 10 ** (-50 / 20)
"""Amplitude (of 1) from which a sample may be heard: -50 dB of full scale."""
_ONSET = 0.01
"""Seconds kept before the first audible sample: soft consonants rise slowly."""


class Converter:
    """Convert a stream of PCM from one format to another.

    Several channels become one by their mean, or by picking *channel* (counted from 0), as for a USB array whose first
    channel is the processed one. Raises AudioError for a format that no device or file has.
    """

    def __init__(self, source: AudioFormat, target: AudioFormat, channel: int | None = None) -> None:
        for wanted in (source, target):
            if wanted.rate not in _RATES or wanted.width not in (1, 2, 3, 4) or wanted.channels not in _CHANNELS:
                raise AudioError(
                    f"sound of {wanted.rate} Hz, {wanted.width * 8} bit, {wanted.channels} channels cannot be used",
                    hint="convert it to 16-bit PCM of 8 to 192 kHz first",
                )
        if channel is not None and channel not in range(source.channels):
            raise AudioError(
                f"there is no channel {channel}: the sound has {source.channels}", hint="channels count from 0"
            )
        self.source, self.target, self._channel = source, target, channel
        self._rest = b""
        self._resampler: Any = None
        if source.rate != target.rate:
            import soxr

            self._resampler = soxr.ResampleStream(source.rate, target.rate, 1, dtype="float32")

    def push(self, audio: bytes) -> bytes:
        """Return what *audio* becomes; an incomplete frame and the resampler's delay wait for the next call."""
        return self._convert(audio, last=False)

    def flush(self) -> bytes:
        """Return what is left at the end of the stream; half a frame is dropped."""
        return self._convert(b"", last=True)

    def _convert(self, audio: bytes, *, last: bool) -> bytes:
        audio = self._rest + audio
        whole = len(audio) - len(audio) % self.source.frame
        audio, self._rest = audio[:whole], audio[whole:]
        if self.source == self.target:
            return audio
        samples = self._mono(_floats(audio, self.source.width))
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        return _bytes(samples, self.target)

    def _mono(self, samples: "NDArray[np.float32]") -> "NDArray[np.float32]":
        frames = samples.reshape(-1, self.source.channels)
        if self._channel is not None:
            return frames[:, self._channel]
        return cast("NDArray[np.float32]", frames.mean(axis=1, dtype="float32"))


def _floats(audio: bytes, width: int) -> "NDArray[np.float32]":
    import numpy as np

    if width == 1:  # WAV's 8-bit samples are unsigned
        return (np.frombuffer(audio, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if width == 3:
        parts = np.frombuffer(audio, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(parts), 4), np.uint8)
        wide[:, 1:] = parts
        return wide.view("<i4").reshape(-1).astype(np.float32) / np.float32(2**31)
    return np.frombuffer(audio, f"<i{width}").astype(np.float32) / np.float32(2 ** (8 * width - 1))


def _bytes(samples: "NDArray[np.float32]", target: AudioFormat) -> bytes:
    import numpy as np

    if target.channels > 1:
        samples = np.repeat(samples, target.channels)
    if target.width == 1:
        return np.clip(np.rint(samples * 128 + 128), 0, 255).astype(np.uint8).tobytes()
    top = 2 ** (8 * target.width - 1)
    scaled = np.clip(np.rint(samples.astype(np.float64) * top), -top, top - 1)
    if target.width == 3:
        return bytes(scaled.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    return bytes(scaled.astype(f"<i{target.width}").tobytes())


def faded(chunk: AudioChunk, first: float, last: float) -> AudioChunk:
    """Return *chunk* with its loudness going from the factor *first* to the factor *last*, in a straight line."""
    import numpy as np

    form = chunk.format
    frames = _floats(chunk.audio, form.width).reshape(-1, form.channels)
    factors = np.linspace(first, last, len(frames), dtype=np.float32)
    audio = _bytes((frames * factors[:, None]).reshape(-1), AudioFormat(form.rate, form.width))
    return AudioChunk(audio, form, chunk.timestamp)


def from_first_sound(chunk: AudioChunk) -> AudioChunk:
    """Return *chunk* from just before its first audible sample on; all of it where there is none."""
    import numpy as np

    form = chunk.format
    audible = np.abs(_floats(chunk.audio, form.width)) > _AUDIBLE
    if not audible.any():
        return chunk
    begins = form.size(max(0.0, int(audible.argmax()) / (form.rate * form.channels) - _ONSET))
    return AudioChunk(chunk.audio[begins:], form, chunk.timestamp)


async def converted(audio: AsyncIterator[AudioChunk], target: AudioFormat) -> AsyncGenerator[AudioChunk, None]:
    """Yield *audio* in the format *target*; the format of the source may change on the way."""
    converter: Converter | None = None
    async for chunk in audio:
        if converter is None or converter.source != chunk.format:
            if converter is not None and (rest := converter.flush()):
                yield AudioChunk(rest, target, chunk.timestamp)
            converter = Converter(chunk.format, target)
        if made := converter.push(chunk.audio):
            yield AudioChunk(made, target, chunk.timestamp)
    if converter is not None and (rest := converter.flush()):
        yield AudioChunk(rest, target)
