"""The forms in which sound is sent: plain samples, and the two laws of telephones.

Source: ITU-T Recommendation G.711 (1988), Pulse code modulation of voice frequencies; the least significant bits as in
the reference of ITU-T G.191. The standard library's `audioop` is gone since Python 3.13.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Form"]

_BIAS = 33
"""What µ-law adds to a magnitude of 13 bits, so that each segment begins at a power of two."""
_LOUDEST = 8158
"""Magnitude of 13 bits above which µ-law tells nothing apart."""


class Form(StrEnum):
    """How sound is written: 16-bit samples at 24 kHz, or bytes by µ-law or A-law at 8 kHz; one channel."""

    PCM = "audio/pcm"
    ULAW = "audio/pcmu"
    ALAW = "audio/pcma"

    @property
    def rate(self) -> int:
        """Return the samples in a second."""
        return 24_000 if self is Form.PCM else 8_000

    def read(self, data: bytes) -> bytes:
        """Return what *data* is in 16-bit samples."""
        return data if self is Form.PCM else _expanded(data, self)

    def write(self, audio: bytes) -> bytes:
        """Return 16-bit samples in this form."""
        return audio if self is Form.PCM else _compressed(audio, self)


def _expanded(data: bytes, law: Form) -> bytes:
    import numpy as np

    code = np.frombuffer(data, np.uint8).astype(np.int32) ^ (0xFF if law is Form.ULAW else 0x55)
    segment, step = code >> 4 & 7, code & 15
    if law is Form.ULAW:
        size = ((2 * step + _BIAS << segment) - _BIAS) << 2
        return _signed(size, code & 0x80 != 0)
    size = np.where(segment > 0, 2 * step + 33 << np.maximum(segment, 1) - 1, 2 * step + 1) << 3
    return _signed(size, code & 0x80 == 0)


def _compressed(audio: bytes, law: Form) -> bytes:
    import numpy as np

    samples = np.frombuffer(audio, "<i2").astype(np.int32)
    negative = samples < 0
    size = np.where(negative, ~samples, samples)
    if law is Form.ULAW:
        size = np.minimum(size >> 2, _LOUDEST) + _BIAS
        segment = _bits(size) - 6
        code = segment << 4 | size >> segment + 1 & 15 | np.where(negative, 0x80, 0)
        return bytes((code ^ 0xFF).astype(np.uint8).tobytes())
    size = size >> 4
    segment = np.maximum(_bits(size) - 4, 0)
    code = segment << 4 | size >> np.maximum(segment, 1) - 1 & 15 | np.where(negative, 0, 0x80)
    return bytes((code ^ 0x55).astype(np.uint8).tobytes())


def _bits(size: "NDArray[np.int32]") -> "NDArray[np.int32]":
    """Return how many bits each magnitude takes."""
    import numpy as np

    return np.frexp(size.astype(np.float64))[1]


def _signed(size: "NDArray[np.int32]", negative: "NDArray[np.bool_]") -> bytes:
    import numpy as np

    return bytes(np.where(negative, -size, size).astype("<i2").tobytes())
