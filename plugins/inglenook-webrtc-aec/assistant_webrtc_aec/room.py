"""The way of sound from speaker to microphone, learnt while something plays.

A Kalman filter in the frequency domain: its step follows from how sure it is of each frequency and how loud everything
else is, so that it needs no detector of double talk and does not go astray when somebody speaks. G. Enzner and P. Vary,
"Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free telephones", Signal Processing 86
(2006); in partitions: F. Kuech, E. Mabande and G. Enzner, "State-space architecture of the partitioned-block-based
acoustic echo controller", ICASSP 2014.
"""

from collections import deque

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
LOOK = 25
"""Blocks in which a shift of the echo is looked for."""
EVERY = 5
"""Blocks between two looks."""
SHIFT = 640
"""Samples by which an echo may be shifted: 40 ms. Each reply opens the speaker anew, behind other buffers."""
ALIKE = 0.4
"""Least correlation of what was heard with the expected echo, shifted: less may be chance."""
CLEARER = 0.15
"""How much more the shifted echo must correlate than the one that is not: a voice resembles itself one pitch later."""
UNSURE = np.float32(0.2)
"""Variance of the response after a shift, as a share of its power: part of a sample may be left."""
NOTICE = 0.2
"""Share of each block in the loudness before and after: 50 ms."""
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
        self._heard: deque[Floats] = deque(maxlen=LOOK)
        self._expected: deque[Floats] = deque(maxlen=LOOK)
        self._blocks = 0
        self._before = self._after = 0.0

    def push(self, mic: Floats, played: Floats) -> Floats:
        """Return *mic* without the echo of what was *played*, both `[block]`, of -1 to 1.

        Where the response makes it worse, as it may when something has changed, *mic* is returned as it is.
        """
        block = self._block
        self._played = np.concatenate((self._played[block:], played))
        self._spectra[1:] = self._spectra[:-1]
        self._spectra[0] = _spectra(self._played)
        if not self._spectra.any():
            self._forget()
            return mic
        echo = _sound((self._spectra * self._response).sum(axis=0))[block:]
        rest: Floats = mic - echo
        self._learn(_spectra(np.concatenate((np.zeros_like(rest), rest))))
        self._heard.append(mic)
        self._expected.append(echo)
        self._blocks += 1
        if self._blocks % EVERY == 0 and len(self._heard) == LOOK and (late := self._late()):
            self._shift(late)
        self._before += NOTICE * (float(mic @ mic) - self._before)
        self._after += NOTICE * (float(rest @ rest) - self._after)
        return rest if self._after < self._before else mic

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

    def _forget(self) -> None:
        self._heard.clear()
        self._expected.clear()

    def _late(self) -> int:
        """Return by how many samples the echo comes later than the response says; 0 where that is not clear."""
        heard, echo = np.concatenate(self._heard), np.concatenate(self._expected)
        size = 2 * len(heard)
        alike = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(echo, size).conj())
        alike /= np.sqrt((heard @ heard) * (echo @ echo)) + FLOOR
        alike = np.concatenate((alike[-SHIFT:], alike[: SHIFT + 1]))
        best = int(alike.argmax())
        return best - SHIFT if alike[best] > max(ALIKE, alike[SHIFT] + CLEARER) else 0

    def _shift(self, late: int) -> None:
        """Let the response begin *late* samples later."""
        self._forget()
        response = _sound(self._response)[:, : self._block].ravel()
        moved = np.zeros_like(response)
        moved[max(late, 0) : len(response) + min(late, 0)] = response[max(-late, 0) : len(response) - max(late, 0)]
        self._response = _spectra(np.pad(moved.reshape(-1, self._block), ((0, 0), (0, self._block))))
        self._variance = np.maximum(self._variance, UNSURE * _power(self._response))


def _spectra(sound: Floats) -> Spectra:
    return np.fft.rfft(sound).astype(np.complex64, copy=False)


def _sound(spectra: Spectra) -> Floats:
    return np.fft.irfft(spectra).astype(np.float32, copy=False)


def _power(spectra: Spectra) -> Floats:
    return np.square(spectra.real) + np.square(spectra.imag)
