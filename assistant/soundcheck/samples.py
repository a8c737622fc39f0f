"""What the samples of a microphone tell."""

import math
from array import array
from collections.abc import Sequence

from assistant.audio import AudioChunk

__all__ = ["diagnose", "is_silent", "level"]

_CLIPPED = 0.001
"""Share of samples at full scale from which speech sounds distorted."""
_QUIET = 0.001
"""Loudest sample, of full scale (-60 dB): even a silent room is louder at a usable gain."""
_OFFSET = 0.02
"""Mean of all samples, of full scale, that a working input stays below."""


def diagnose(chunks: Sequence[AudioChunk]) -> list[str]:
    """Return what is wrong with *chunks* (16-bit) and what to do, a sentence each; nothing for good sound."""
    import numpy as np  # here, so that the engine's values can be imported without it

    samples = np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2").astype(np.float32) / 32768
    if not samples.size:
        return ["No sound arrives at all: check that no other program holds the device."]
    if not samples.any():
        return [
            "The microphone gives digital silence, every sample is zero: unmute it (alsamixer, pavucontrol, a switch "
            "on the device), or choose another with `assistant devices`."
        ]
    found = []
    offset = float(samples.mean())
    clipped = float(np.mean(np.abs(samples) >= 32767 / 32768))
    if clipped > _CLIPPED:
        found.append(
            f"The sound clips, {clipped:.1%} of the samples are at full scale: "
            "lower the gain of the microphone (alsamixer, pavucontrol)."
        )
    if abs(offset) > _OFFSET:
        found.append(
            f"The sound is off centre by {offset:+.1%} of full scale: the input is faulty or wired wrongly; "
            "try another port or cable."
        )
    if float(np.abs(samples - offset).max()) < _QUIET:
        found.append(
            "Almost nothing is heard, all samples are below -60 dB: raise the gain of the microphone, "
            "or choose another with `assistant devices`."
        )
    return found


def is_silent(chunks: Sequence[AudioChunk]) -> bool:
    """Tell whether there is sound and every sample of it is zero."""
    return bool(chunks) and not any(any(chunk.audio) for chunk in chunks)


def level(chunk: AudioChunk) -> float:
    """Return the loudness of 16-bit sound, from 0 (-60 dB or less) to 1 (full scale)."""
    samples = array("h", chunk.audio)
    power = sum(sample * sample for sample in samples) / max(1, len(samples))
    return max(0.0, min(1.0, 1 + math.log10(max(power, 1e-9) / 32768**2) / 6))
