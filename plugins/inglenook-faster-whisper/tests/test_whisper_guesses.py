import asyncio
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
from assistant_faster_whisper import FasterWhisper, FasterWhisperConfig
from assistant_faster_whisper.features import LogMel, padded
from assistant_faster_whisper.guess import Guess, best, conclusive
from assistant_faster_whisper.recogniser import Recogniser
from faster_whisper.feature_extractor import FeatureExtractor

from assistant import SttOptions, Transcript, once
from assistant.testing import model_path, tone


@pytest.fixture
def config() -> FasterWhisperConfig:
    return msgspec.convert({"model": model_path("whisper-tiny.en"), "device": "cpu"}, FasterWhisperConfig)


def guess(text: str, **values: object) -> Guess:
    usual = {"language": "en", "seconds": 2.0, "logprob": -0.1, "no_speech": 0.05, "compression": 0.8, "ended": True}
    return Guess(text, **(usual | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "doubted",
    [
        guess("Turn on the", ended=False),
        guess("on on on on on on on", compression=2.5),
        guess("Turn on the kitten flights.", logprob=-0.6),
        guess("Thank you."),
    ],
    ids=["no end", "repetition", "improbable", "notorious"],
)
def test_second_opinion(doubted: Guess) -> None:
    assert not conclusive(doubted)
    assert conclusive(guess("Turn on the kitchen lights."))
    assert conclusive(guess("Turn on the", no_speech=0.9, ended=False))


@pytest.mark.parametrize(
    ("guesses", "text"),
    [
        ([guess("Turn it on.", logprob=-0.6), guess("Turn on.", logprob=-0.2)], "Turn on."),
        ([guess("Turn it on.", logprob=-0.6), guess("Turn on.", logprob=-0.7)], "Turn it on."),
        ([guess("Turn it", ended=False), guess("Turn on.", logprob=-0.4)], "Turn on."),
        ([guess("Thank you."), guess("thank you")], "Thank you."),
        ([guess("Thank you."), guess("Thanks for watching!")], None),
        ([guess("Thank you.", logprob=-0.4), guess("Thank you.", logprob=-0.4)], None),
        ([guess("You", no_speech=0.6), guess("You", no_speech=0.5)], None),
        ([guess("Okay, then.", no_speech=0.9)], None),
        ([guess("A dog.", logprob=-0.6, no_speech=0.8), guess("A log.", logprob=-0.6, no_speech=0.5)], None),
        ([guess("la la la la", compression=4.0), guess("A dog.", logprob=-0.6)], None),
        ([guess("la la la la", compression=4.0), guess("A dog.")], "A dog."),
        (
            [guess("Stop. Stop. Stop.", compression=4.0), guess("Stop. Stop.", compression=3.0, logprob=0.0)],
            "Stop. Stop.",
        ),
        (
            [guess("la la", compression=9.0, ended=False, logprob=0.2), guess("Stop. Stop.", compression=3.0)],
            "Stop. Stop.",
        ),
        ([guess("Stop. Stop.", compression=3.0), guess("la la", compression=9.0, ended=False, logprob=0.2)], None),
        ([guess("la la la la", compression=4.0, logprob=-0.6)], None),
        ([guess("la la la la", compression=4.0, no_speech=0.6)], None),
        ([guess("A dog.", logprob=-1.2), guess("A log.", logprob=-1.1)], None),
    ],
)
def test_best_guess(guesses: list[Guess], text: str | None) -> None:
    found = best(guesses)
    assert (found and found.text) == text


@pytest.mark.parametrize("bands", [80, 128])
@pytest.mark.parametrize("count", [320, 1700, 48_000, 480_000])
def test_log_mel_is_that_of_the_library(bands: int, count: int) -> None:
    sound = (np.random.default_rng(1).standard_normal(count) / 10).astype(np.float32)
    features = LogMel(bands)(sound)
    np.testing.assert_allclose(features, FeatureExtractor(bands)(sound), atol=1e-5)
    assert padded(features, 10).shape == (bands, 1000)


@pytest.mark.parametrize(
    ("seconds", "windows"),
    [(0.5, (10, 30)), (9, (10, 30)), (9.1, (11, 30)), (23, (24, 30)), (23.1, (30,)), (30, (30,))],
)
def test_window_fits_the_speech(config: FasterWhisperConfig, seconds: float, windows: tuple[int, ...]) -> None:
    recogniser = Recogniser.load(config)
    assert recogniser.windows(seconds) == windows
    recogniser.close()


class Undecided(Recogniser):
    """Doubts a thousand windows, each after a real encoding."""

    guesses = 0

    def windows(self, seconds: float) -> tuple[int, ...]:
        return (10,) * 1000

    def _decode(self, *args: object, **options: int) -> Guess:  # type: ignore[override]
        self.guesses += 1
        return guess("Turn it", ended=False)


async def test_left_between_guesses(config: FasterWhisperConfig) -> None:
    recogniser = Undecided.load(config)
    with ThreadPoolExecutor(1) as executor:
        engine = FasterWhisper(recogniser, executor)

        async def transcribe() -> list[Transcript]:
            return [heard async for heard in engine.transcribe(once(tone(2)), SttOptions())]

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(transcribe(), 0.5)
        left_at = recogniser.guesses
    assert 0 < left_at < 1000
    assert recogniser.guesses == left_at
    recogniser.close()
