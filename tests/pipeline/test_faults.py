"""Engines of a device that break in the middle of things: they are named, tried again, and end nothing else."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from assistant import AudioChunk, Capabilities, DeviceError, Kind, SpeechProbability, Voice
from assistant.engines import AnySpec
from assistant.testing import FakeChat, FakeSource, FakeStt, FakeTts, FakeVad, FakeWake, fake_spec, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2)]
"""A wake word, a short pause, and a question of 1.2 s."""


def room(kind: Kind, name: str, engine: object) -> Room:
    """Furnish a room in which one engine is another."""
    spec: AnySpec = fake_spec(name, kind, engine, Capabilities(parallel=9))
    return Room([*ASKED], FakeStt(["Hello?"] * 9), FakeChat(["Hi."] * 9), specs={name: spec})


@dataclass
class BreakingSource(FakeSource):
    """A microphone that breaks once, after a few chunks."""

    error: Exception | None = None

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        count = 0
        async for chunk in super().capture():
            yield chunk
            count += 1
            if count == 5 and self.error:
                error, self.error = self.error, None
                raise error


class BreakingWake(FakeWake):
    """A wake word engine that breaks at its first chunks."""

    left = 3

    def push(self, chunk: AudioChunk) -> Sequence[object]:  # type: ignore[override]
        BreakingWake.left -= 1
        if BreakingWake.left == 0:
            raise ZeroDivisionError("a fault of the wake word")
        return super().push(chunk)


class BreakingVad(FakeVad):
    """A detector that breaks in the first turn."""

    broken = False

    def push(self, chunk: AudioChunk) -> Sequence[SpeechProbability]:
        if not BreakingVad.broken:
            BreakingVad.broken = True
            raise ZeroDivisionError("a fault of the detector")
        return super().push(chunk)


@pytest.mark.parametrize("error", [DeviceError("it was unplugged"), ZeroDivisionError("a fault of the microphone")])
def test_a_microphone_that_breaks_is_named_and_opened_again(error: Exception) -> None:
    here = room(Kind.SOURCE, "microphone", BreakingSource(ASKED, error=error))

    async def main() -> None:
        async with here.opened() as listener:
            await here.until(lambda: listener.failure)
            assert str(error) in str(listener.failure)
            assert not listener.listening.is_set()
            assert listener.settled.is_set()
            await here.until(lambda: here.receipts)
            assert listener.failure is None
            assert listener.listening.is_set()

    run_in_virtual_time(main())
    assert [receipt.outcome for receipt in here.receipts] == ["answered"]


def test_a_wake_word_engine_that_breaks_is_named_and_tried_again() -> None:
    BreakingWake.left = 3
    here = room(Kind.WAKE, "wake", BreakingWake())

    async def main() -> None:
        async with here.opened() as listener:
            await here.until(lambda: listener.failure)
            assert "a fault of the wake word" in str(listener.failure)
            await here.until(lambda: here.receipts)

    run_in_virtual_time(main())
    assert here.receipts[0].outcome == "answered"


def test_a_detector_that_breaks_costs_one_turn() -> None:
    BreakingVad.broken = False
    here = room(Kind.VAD, "vad", BreakingVad())
    here.hears.extend([*quiet(6), *ASKED])
    run_in_virtual_time(here.live(30))
    assert [receipt.outcome for receipt in here.receipts] == ["failed", "answered"]
    assert here.sounded > 0.5, "an apology and an answer"


def test_a_broken_device_is_tried_again_ever_more_rarely() -> None:
    tries: list[float] = []

    class NoSource(FakeSource):
        async def capture(self) -> AsyncGenerator[AudioChunk, None]:
            tries.append(asyncio.get_running_loop().time())
            if tries:
                raise DeviceError("there is no microphone")
            yield MARKER

    here = room(Kind.SOURCE, "microphone", NoSource([]))
    run_in_virtual_time(here.live(200))
    pauses = [round(b - a) for a, b in itertools.pairwise(tries)]
    assert pauses[:7] == [1, 2, 5, 10, 30, 30, 30]


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
def test_a_voice_in_trouble_at_the_start_leaves_a_device_that_listens_and_plays_tones(trouble: str) -> None:
    class Mute(FakeTts):
        async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
            async for _ in text:
                if trouble == "hangs":
                    await asyncio.Event().wait()
                raise ZeroDivisionError("a fault of the voice")
            yield MARKER

    here = room(Kind.TTS, "tts", Mute())
    run_in_virtual_time(here.live(120))
    assert [receipt.outcome for receipt in here.receipts] == ["failed"]
    assert here.sounded == pytest.approx(0.5, abs=0.05)  # two falling tones
    assert {chunk.format.rate for chunk in here.sink.heard} == {16_000}
