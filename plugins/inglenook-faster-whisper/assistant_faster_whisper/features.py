"""Whisper's log-mel spectrogram, in one thread."""

from typing import TYPE_CHECKING

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FRAMES_PER_SECOND", "RATE", "LogMel", "padded"]

RATE = 16_000
"""Samples per second."""
HOP = 160
"""Samples from one column of the spectrogram to the next."""
FRAMES_PER_SECOND = RATE // HOP
"""Columns of the spectrogram per second."""
FFT = 400
"""Samples under one column."""
RANGE = 8.0
"""Decades below the loudest point that are kept."""
ONE_THREAD = 2**18
"""Multiplications up to which OpenBLAS stays in the thread that calls it (interface/gemm.c)."""


class LogMel:
    """Compute what faster-whisper's `FeatureExtractor` does (openai/whisper, audio.py).

    That one multiplies the whole spectrum by the filters at once, which OpenBLAS spreads over all cores; where they
    are busy the threads spin for each other: 14 to 49 ms for 3 s of sound, in the place of 1.5. Here the product is
    made of pieces that are too small for that.
    """

    def __init__(self, bands: int) -> None:
        filters = FeatureExtractor.get_mel_filters(RATE, FFT, bands)
        self._filters = np.ascontiguousarray(filters.T, np.float32)
        self._piece = ONE_THREAD // self._filters.size
        self._window = np.hanning(FFT + 1)[:-1].astype(np.float32)

    def __call__(self, samples: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Return the spectrogram of *samples* (of 16 kHz, -1 to 1), bands times hundredths of a second."""
        sound = np.pad(np.pad(samples, (0, HOP)), FFT // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(sound, FFT)[::HOP][:-1]
        spectrum = np.fft.rfft(frames * self._window)
        pieces = -(-len(spectrum) // self._piece)
        power = np.zeros((pieces * self._piece, spectrum.shape[1]), np.float32)
        power[: len(spectrum)] = spectrum.real**2 + spectrum.imag**2
        mel = (power.reshape(pieces, self._piece, -1) @ self._filters).reshape(len(power), -1)[: len(spectrum)]
        log = np.log10(np.maximum(mel, 1e-10)).T
        features: NDArray[np.float32] = (np.maximum(log, log.max() - RANGE) + 4) / 4
        return features


def padded(features: "NDArray[np.float32]", seconds: int) -> "NDArray[np.float32]":
    """Return a spectrogram of *seconds*, filled up with what silence looks like beside the loudest sound.

    faster-whisper fills up with zeros, which is no silence: in a short window the decoder then repeats itself. The
    floor is `RANGE` below the maximum, and the spectrogram is divided by 4.
    """
    frames = seconds * FRAMES_PER_SECOND
    fill = max(frames - features.shape[1], 0)
    return np.pad(features[:, :frames], ((0, 0), (0, fill)), constant_values=features.max() - RANGE / 4)
