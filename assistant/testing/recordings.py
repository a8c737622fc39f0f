"""Sounds and models for tests: real recordings where they are, made tones everywhere."""

import array
import math
import os
import wave
from pathlib import Path

from assistant.audio import SPEECH, AudioChunk

__all__ = ["model_path", "recordings", "silence", "speech", "tone"]


def recordings() -> Path | None:
    """Return the folder of real recordings (`INGLENOOK_TEST_DATA`), or None where this machine has none."""
    folder = os.environ.get("INGLENOOK_TEST_DATA")
    return Path(folder) if folder and Path(folder).is_dir() else None


def silence(seconds: float, timestamp: float = 0.0) -> AudioChunk:
    """Make 16 kHz mono digital silence."""
    return AudioChunk(bytes(SPEECH.size(seconds)), SPEECH, timestamp)


def tone(seconds: float, hertz: float = 440.0, level: float = 0.3, timestamp: float = 0.0) -> AudioChunk:
    """Make a 16 kHz mono sine of *level* times full scale."""
    count = round(seconds * SPEECH.rate)
    top = level * 32767
    samples = array.array("h", (round(top * math.sin(math.tau * hertz * n / SPEECH.rate)) for n in range(count)))
    return AudioChunk(samples.tobytes(), SPEECH, timestamp)


def speech(file: Path | str, chunk_seconds: float = 0.08) -> list[AudioChunk]:
    """Read a 16 kHz mono 16-bit WAV recording as chunks that follow each other from timestamp 0."""
    with wave.open(str(file), "rb") as wav:
        assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (16_000, 2, 1), file
        audio = wav.readframes(wav.getnframes())
    size = SPEECH.size(chunk_seconds)
    return [AudioChunk(audio[at : at + size], SPEECH, SPEECH.seconds(at)) for at in range(0, len(audio), size)]


def model_path(model: str) -> str:
    """Return where a model of the catalogue lies on this machine; raises ModelError where it was not pulled."""
    from assistant.models.store import Store

    return str(Store.default().path(model))
