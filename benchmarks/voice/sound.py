"""Sound as arrays, and where in it somebody speaks."""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["RATE", "Samples", "edges", "level", "noise", "read", "room_like", "to_bytes", "write"]

RATE = 16_000
"""Hertz of everything that is played to a system; one channel, 16 bit."""
_FRAME = RATE // 100
_BELOW_LOUDEST = 40.0
"""Decibels below the loudest 10 ms up to which sound is voiced, where the room is quiet enough."""
_ABOVE_ROOM = 8.0
"""Decibels that voiced sound must be above the room: the quietest tenth of a recording, or how it ends."""
_ENDING = 15
"""Frames of 10 ms at the end of a recording in which nobody speaks."""

Samples = npt.NDArray[np.float32]
"""Samples of -1 to 1."""


def read(path: Path) -> Samples:
    """Read a 16 kHz mono file of 16 bit."""
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2), path
        return np.asarray(np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, np.float32)


def write(path: Path, samples: Samples) -> None:
    """Write a 16 kHz mono file of 16 bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(to_bytes(samples))


def to_bytes(samples: Samples) -> bytes:
    """Return samples as 16-bit PCM."""
    return bytes(np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes())


def noise(count: int, decibels: float, seed: int) -> Samples:
    """Return white noise of an effective level, the same for the same seed."""
    drawn = np.random.default_rng(seed).standard_normal(count, dtype=np.float32)
    return np.asarray(drawn * np.float32(10 ** (decibels / 20)), np.float32)


def level(samples: Samples) -> float:
    """Return the effective level of the voiced part in decibels of full scale: pauses do not make a voice quieter."""
    power = _power(samples)
    return float(np.mean(power[power >= np.max(power) - 25.0]))


def edges(samples: Samples) -> tuple[float, float]:
    """Return where the first voiced sample is and where the last one ends, in seconds, by energy in steps of 10 ms."""
    power = _power(samples)
    room = max(np.percentile(power, 10), np.median(power[-_ENDING:]))
    threshold = max(np.max(power) - _BELOW_LOUDEST, room + _ABOVE_ROOM)
    voiced = np.flatnonzero(power >= threshold)
    return float(voiced[0]) * _FRAME / RATE, float(voiced[-1] + 1) * _FRAME / RATE


def room_like(ending: Samples, count: int) -> Samples:
    """Return *count* samples of a room that sounds like *ending*: to and fro, so that no seam is heard."""
    return np.resize(np.concatenate([ending[::-1], ending]), count)


def _power(samples: Samples) -> Samples:
    """Return the level of each whole 10 ms in decibels of full scale."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    return np.asarray(10 * np.log10(np.mean(np.square(frames), axis=1) + 1e-12), np.float32)
