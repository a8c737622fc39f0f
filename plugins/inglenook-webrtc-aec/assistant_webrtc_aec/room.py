"""The way of sound from speaker to microphone, learnt while something plays.

A Kalman filter in the frequency domain: its step follows from how sure it is of each frequency and how loud everything
else is, so that it needs no detector of double talk and does not go astray when somebody speaks. G. Enzner and P. Vary,
"Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free telephones", Signal Processing 86
(2006); in partitions: F. Kuech, E. Mabande and G. Enzner, "State-space architecture of the partitioned-block-based
acoustic echo controller", ICASSP 2014.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Room"]

Floats = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]

STEADY = np.float32(0.9997)
"""How much of the way is the same 10 ms later. With 0.9999 the filter settles 2 dB deeper and follows a person who
walks by at a third of the speed."""
UNKNOWN = np.float32(0.003)
"""Variance of each partition's response before anything was heard: an echo 25 dB below what is played. With more, the
filter overshoots in a quiet room; with less, it is slow in a loud one."""
SMOOTH = np.float32(0.9)
"""How much of the estimate of all sound that is not echo is kept from one block to the next."""
FLOOR = np.float32(1e-6)
"""Power below which nothing is divided by: a tenth of a 16-bit step."""


class Room:
    """Estimate the echo of what is played, block by block, and subtract it."""

    def __init__(self, block: int, tail: int) -> None:
        """Take blocks of *block* samples, and echoes of up to *tail* samples."""
        shape = (-(-tail // block), block + 1)
        self._block = block
        self._played: Floats = np.zeros(2 * block, np.float32)
        self._spectra: Spectra = np.zeros(shape, np.complex64)
        self._response: Spectra = np.zeros(shape, np.complex64)
        self._variance: Floats = np.full(shape, UNKNOWN, np.float32)
        self._other: Floats = np.zeros(block + 1, np.float32)

    def push(self, mic: Floats, played: Floats) -> Floats:
        """Return *mic* without the echo of what was *played*, both `[block]`, of -1 to 1."""
        block = self._block
        self._played = np.concatenate((self._played[block:], played))
        self._spectra[1:] = self._spectra[:-1]
        self._spectra[0] = _spectra(self._played)
        if not self._spectra.any():
            return mic
        echo = _sound((self._spectra * self._response).sum(axis=0))[block:]
        rest: Floats = mic - echo
        self._learn(_spectra(np.concatenate((np.zeros_like(rest), rest))))
        return rest

    def _learn(self, rest: Spectra) -> None:
        """Correct the response by the spectrum of what it did not explain."""
        self._other = SMOOTH * self._other + (1 - SMOOTH) * _power(rest)
        power = _power(self._spectra)
        # Half of each window is overlap, hence the halves; see equations 13 to 19 of Kuech et al.
        step = self._variance / ((power * self._variance).sum(axis=0) / 2 + self._other + FLOOR)
        correction = _sound(step * self._spectra.conj() * rest)
        correction[:, self._block :] = 0  # beyond a partition's end it would be circular
        self._response += _spectra(correction)
        self._variance *= 1 - step * power / 2
        self._variance = STEADY**2 * self._variance + (1 - STEADY**2) * _power(self._response)
        self._response *= STEADY


def _spectra(sound: Floats) -> Spectra:
    return np.fft.rfft(sound).astype(np.complex64, copy=False)


def _sound(spectra: Spectra) -> Floats:
    return np.fft.irfft(spectra).astype(np.float32, copy=False)


def _power(spectra: Spectra) -> Floats:
    return np.square(spectra.real) + np.square(spectra.imag)
