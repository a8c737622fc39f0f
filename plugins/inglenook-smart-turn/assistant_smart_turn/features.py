"""What the model is shown: the log-mel spectrogram of Whisper, over the last eight seconds.

The steps and constants are those of Whisper (openai/whisper, `audio.py`) and of the feature extractor that Smart Turn
was trained with (`WhisperFeatureExtractor` of huggingface/transformers, with `do_normalize`): the waveform is brought
to zero mean and unit variance first, over the whole window, of which short sound fills the end.

No matrix product is in it: NumPy's BLAS would wake a second thread for it, which then spins for longer than all the
rest takes. Each frequency belongs to two bands at most, so that sums over slices do as well.
"""

import numpy as np
import numpy.typing as npt

from assistant import SPEECH

__all__ = ["BANDS", "FRAMES", "Floats", "log_mel"]

Floats = npt.NDArray[np.float32]

WINDOW = 400
"""Samples of one Fourier transform: 25 ms."""
HOP = 160
"""Samples from one transform to the next: 10 ms."""
BANDS = 80
"""Bands of the mel scale, from 0 to 8 kHz."""
FRAMES = 800
"""Frames of the spectrogram: 8 s."""
SAMPLES = FRAMES * HOP
"""Samples of the spectrogram."""

_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def _edges() -> npt.NDArray[np.float64]:
    """Return where the bands begin, peak and end `[BANDS + 2]`, in hertz: evenly spaced on Slaney's mel scale.

    The scale is linear up to 1 kHz, at 66.7 Hz a mel, then logarithmic, at 27 mels for a factor of 6.4 (Slaney,
    Auditory Toolbox, 1998).
    """
    knee, step = 15.0, np.log(6.4) / 27
    top = knee + np.log(SPEECH.rate / 2 / 1000) / step
    mels = np.linspace(0, top, BANDS + 2)
    return np.where(mels < knee, mels * 1000 / knee, 1000 * np.exp((mels - knee) * step))


class _Bands:
    """Triangular filters of unit area: each rises over one slice of the spectrum and falls over the next."""

    def __init__(self) -> None:
        edges = _edges()
        hertz = np.linspace(0, SPEECH.rate / 2, WINDOW // 2 + 1)[:-1, None]  # the last lies on the last edge: no weight
        widths = np.diff(edges)
        areas = 2 / (edges[2:] - edges[:-2])
        slices = np.searchsorted(edges, hertz[:, 0], side="right") - 1
        past = (hertz - edges[slices, None]) / widths[slices, None]
        self._rise = (past * np.append(areas, 0)[slices, None]).astype(np.float32)
        self._fall = ((1 - past) * np.append(0, areas)[slices, None]).astype(np.float32)
        self._starts = np.searchsorted(slices, np.arange(BANDS + 1))
        self._some = np.isin(np.arange(BANDS + 1), slices)[:, None]  # low slices may lie between two frequencies

    def __call__(self, power: Floats) -> Floats:
        """Return the power in each band `[BANDS, frames]` of a power spectrum `[WINDOW // 2 + 1, frames]`."""
        rising, falling = (
            np.add.reduceat(power[:-1] * weights, self._starts) * self._some for weights in (self._rise, self._fall)
        )
        return np.asarray(rising[:-1] + falling[1:])


_BANDS = _Bands()


def log_mel(sound: Floats) -> Floats:
    """Return the spectrogram `[BANDS, FRAMES]` of the last 8 s of *sound*, 16 kHz; shorter sound follows zeros."""
    sound = sound[-SAMPLES:]
    alike = max(0, (SAMPLES - sound.size - WINDOW // 2) // HOP)  # frames of zeros alone: the next is one, too
    window = np.pad(sound, (SAMPLES - sound.size - alike * HOP, 0))
    mean = window.sum(dtype=np.float64) / SAMPLES
    variance = np.square(window, dtype=np.float64).sum() / SAMPLES - mean**2
    window = (window - np.float32(mean)) / np.float32(np.sqrt(variance + 1e-7))
    reflected = np.pad(window, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(reflected, WINDOW)[::HOP][: FRAMES - alike]
    spectrum = np.fft.rfft(frames * _HANN).T
    power = np.square(spectrum.real, order="C") + np.square(spectrum.imag, order="C")
    mel = np.log10(np.maximum(_BANDS(power), 1e-10))
    mel = np.maximum(mel, mel.max() - 8) / 4 + 1
    return np.pad(mel, ((0, 0), (alike, 0)), mode="edge")
