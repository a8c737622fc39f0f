"""Who is taken for somebody behind the speaker, and how soon, over the labelled corpus of `voice_to_voice.py`.

Claim: beside a voice 10 dB below, the end of speech is noticed within 1.2 s of it (the detector of voices alone may
hear no end at all), and a speaker is never taken for somebody else for as long as an unsure wait lasts (0.7 s).
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from assistant_silero_vad.model import Model
from assistant_silero_vad.vad import SileroVad
from voice.corpus import SETS, Utterance, build
from voice.sound import RATE, read

from assistant import SPEECH, AudioChunk
from assistant.models.store import Store
from assistant.paths import cache_folder
from assistant.pipeline.foreground import Foreground
from assistant.pipeline.loudness import decibels
from assistant.testing import recordings

_STEP = 512
"""Samples of a chunk: 32 ms."""
_AFTER = 4.0
"""Seconds after the last voiced sample that are looked at."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One chunk."""

    end: float
    """Seconds from the beginning of the file."""
    voiced: bool
    """What the detector says of it."""
    left: bool
    """Whether whoever is heard is taken for somebody behind."""


def moments(file: Path, until: float, model: Model) -> Iterator[Moment]:
    """Yield what is heard in *file*."""
    vad, foreground = SileroVad(model), Foreground()
    samples = (read(file)[: round(until * RATE)] * 32767).astype("<i2")
    for at in range(0, len(samples) - _STEP, _STEP):
        chunk = AudioChunk(samples[at : at + _STEP].tobytes(), SPEECH, at / RATE)
        voiced = any(frame.probability >= 0.5 for frame in vad.push(chunk))
        foreground.push(chunk.end, decibels(chunk), voiced=voiced)
        yield Moment(chunk.end, voiced, foreground.left is not None)


def longest(flags: list[bool]) -> float:
    """Return the seconds of the longest run of True."""
    best = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        best = max(best, run)
    return best * _STEP / RATE


def noticed(said: Utterance, heard: list[Moment], *, by_level: bool) -> float:
    """Return the seconds after the last voiced sample at which silence, or only others, are heard for 0.2 s on end."""
    over = [not m.voiced or (by_level and m.left) for m in heard if m.end > said.last]
    calm = round(0.2 * RATE / _STEP)
    starts = (at for at in range(len(over)) if all(over[at : at + calm]))
    return next(starts, len(over)) * _STEP / RATE


def main() -> None:
    """Print a line for each set."""
    store, folder = Store.default(), cache_folder() / "benchmark"
    corpus = build(folder, store.path("piper-en_US-joe-medium"), recordings())
    model = Model(store.path("silero-vad"))
    print(f"{'':12}{'taken for another':>20}{'end noticed, s':>18}{'by the detector':>18}")
    print(f"{'':12}{'longest, s':>20}{'p50   max':>18}{'alone: p50   max':>18}")
    for name in SETS:
        wrong, found, alone = [], [], []
        for said in (utterance for utterance in corpus if utterance.set == name):
            heard = list(moments(Path(said.file), said.last + _AFTER, model))
            inside = [m for m in heard if said.first < m.end < said.last]
            wrong.append(longest([m.left and m.voiced for m in inside]))
            found.append(noticed(said, heard, by_level=True))
            alone.append(noticed(said, heard, by_level=False))
        if found:
            both = [f"{statistics.median(times):.2f}  {np.max(times):.2f}" for times in (found, alone)]
            print(f"{name:12}{max(wrong):>20.2f}{both[0]:>18}{both[1]:>18}")


if __name__ == "__main__":
    main()
