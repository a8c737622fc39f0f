import numpy as np
import pytest
from assistant_faster_whisper import FasterWhisperConfig, open_faster_whisper
from assistant_faster_whisper.pauses import Pause, between, pauses
from faster_whisper import decode_audio
from numpy.typing import NDArray

from assistant import SPEECH, AudioChunk, SttOptions, TimedText, once
from assistant.testing import model_path, recordings

needs_recordings = pytest.mark.skipif(recordings() is None, reason="needs the recordings of INGLENOOK_TEST_DATA")

RATE = SPEECH.rate


def noise(seconds: float, decibels: float) -> NDArray[np.float64]:
    return np.random.default_rng(1).standard_normal(round(seconds * RATE)) * 10 ** (decibels / 20)


@pytest.mark.parametrize(
    ("levels", "quiet"),
    [
        ({-20: 1.0, -60: 0.5, -21: 1.0}, [(1.0, 1.5)]),
        ({-50: 0.5, -20: 1.0, -48: 0.5}, [(0.0, 0.5), (1.5, 2.0)]),
        ({-20: 1.0, -60: 0.1, -21: 1.0, -61: 0.5}, [(2.1, 2.6)]),  # the stop of a consonant is none
        ({-20: 1.0, -300: 0.5, -21: 1.0, -60: 0.5}, [(1.0, 1.5), (2.5, 3.0)]),  # nothing at all, and a quiet room
        ({-20: 1.0, -21: 1.0}, []),
        ({-20: 0.01}, []),
    ],
)
def test_it_is_quiet_where_there_is_no_more_than_the_noise(
    levels: dict[int, float], quiet: list[tuple[float, float]]
) -> None:
    sound = np.concatenate([noise(seconds, level) for level, seconds in levels.items()]).astype(np.float32)
    found = [(pause.start, pause.end) for pause in pauses(sound, RATE)]
    assert found == [pytest.approx(times) for times in quiet]


@pytest.mark.parametrize(
    ("quiet", "aligned", "heard"),
    [
        (
            [(1, 2)],
            [(0, 1.2), (1.2, 3)],
            [(0, 1), (2, 3)],
        ),  # the pause is one word's, or the other's, or both have of it
        ([(1, 2)], [(0, 0.95), (0.95, 3)], [(0, 0.95), (2, 3)]),
        ([(1, 2)], [(0, 2), (2, 3)], [(0, 1), (2, 3)]),
        ([(1, 2)], [(0, 0.8), (2.2, 3)], [(0, 1), (2, 3)]),  # a sign between them was written meanwhile
        ([(0, 0.4), (2.5, 4)], [(0.1, 1.5), (1.5, 3.9)], [(0.4, 1.5), (1.5, 2.5)]),
        ([(0.5, 2.5)], [(0, 1), (1, 2), (2, 3)], [(0, 0.5), (1, 2), (2.5, 3)]),  # what is in none is left where it is
        ([(1, 1.3), (1.5, 2)], [(0, 1), (1, 3)], [(0, 1), (1.3, 3)]),  # it went on already
        ([], [(0, 1), (1, 2)], [(0, 1), (1, 2)]),
        ([(1, 2)], [], []),
    ],
)
def test_a_pause_is_no_part_of_a_word(
    quiet: list[tuple[float, float]], aligned: list[tuple[float, float]], heard: list[tuple[float, float]]
) -> None:
    words = [TimedText("word", *times) for times in aligned]
    found = between([Pause(*times) for times in quiet], words, 4.0)
    assert [(word.start, word.end) for word in found] == heard


PHRASES = {
    "And so my fellow Americans": (0.3, 2.1),
    "ask not": (3.25, 4.3),
    "what your country can do for you": (5.42, 7.55),
    "ask what you can do for your country": (8.18, 10.5),
}
"""What is said in a recording, and at which seconds."""


@needs_recordings
@pytest.mark.parametrize("silent", [(0.4, 1.6, 0.5, 1.0), (1.2, 0.3, 0.9, 2.0)])
@pytest.mark.parametrize("below", [40, 20])
async def test_who_pauses_is_heard_at_the_right_times(below: int, silent: tuple[float, ...]) -> None:
    """Each phrase has the times at which it was laid into noise, however long it is quiet before it."""
    folder = recordings()
    assert folder is not None
    said = decode_audio(str(folder / "speech" / "jfk.flac"))
    sound, told, at = noise(14, -15 - below), [], 0.0
    for (start, end), pause in zip(PHRASES.values(), silent, strict=True):
        at += pause
        phrase = said[round(start * RATE) : round(end * RATE)]
        sound[round(at * RATE) :][: len(phrase)] += phrase
        told += [(at, at + end - start)]
        at += end - start
    chunk = AudioChunk((sound[: round((at + 0.5) * RATE)].clip(-1, 1) * 32767).astype("<i2").tobytes(), SPEECH)
    config = FasterWhisperConfig(model=model_path("whisper-tiny.en"), device="cpu")
    async with open_faster_whisper(config) as engine:
        *_, heard = [said async for said in engine.transcribe(once(chunk), SttOptions(words=True))]
    rest = list(heard.words)
    for phrase, times in zip(PHRASES, told, strict=True):
        [first, *_, last], rest = rest[: len(phrase.split())], rest[len(phrase.split()) :]
        assert (first.start, last.end) == pytest.approx(times, abs=0.15), phrase
