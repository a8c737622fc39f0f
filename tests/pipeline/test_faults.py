"""Engines of a device that break in the middle of things: they are named, tried again, and end nothing else."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from assistant import (
    AudioChunk,
    Capabilities,
    DeviceError,
    Kind,
    Played,
    SpeechProbability,
    SttOptions,
    Transcript,
    Voice,
)
from assistant.engines import AnySpec
from assistant.testing import (
    FakeChat,
    FakeSink,
    FakeSource,
    FakeStt,
    FakeTts,
    FakeVad,
    FakeWake,
    fake_spec,
    run_in_virtual_time,
)
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


class StubbornSource(FakeSource):
    """A microphone that fails while it is being closed."""

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        try:
            async for chunk in super().capture():
                yield chunk
        finally:
            raise DeviceError("it does not want to be closed")


def test_a_listener_that_is_cancelled_ends_although_its_source_fails_on_the_way() -> None:
    there = room(Kind.SOURCE, "microphone", StubbornSource(ASKED))

    async def main() -> None:
        async with asyncio.timeout(30), there.opened() as listener:
            await listener.settled.wait()

    run_in_virtual_time(main())


class LeavingStt(FakeStt):
    """A recogniser that calls `sys.exit()` in the middle of its work."""

    async def transcribe(
        self, audio: AsyncIterator[AudioChunk], options: SttOptions
    ) -> AsyncGenerator[Transcript, None]:
        async for transcript in super().transcribe(audio, options):
            if transcript.final:
                raise SystemExit(3)
            yield transcript


class LeavingWake(FakeWake):
    """A wake word engine that calls `sys.exit()`, in its thread."""

    def push(self, chunk: AudioChunk) -> Sequence[object]:  # type: ignore[override]
        raise SystemExit(3)


def test_an_engine_that_calls_exit_fails_and_ends_nothing_else() -> None:
    there = room(Kind.STT, "stt", LeavingStt())
    run_in_virtual_time(there.live(12))
    assert [receipt.outcome for receipt in there.receipts] == ["failed"]
    assert there.sounded > 0, "the apology was not heard"


def test_a_wake_word_engine_that_calls_exit_is_named() -> None:
    there = room(Kind.WAKE, "wake", LeavingWake())

    async def main() -> None:
        async with there.opened() as listener:
            await there.until(lambda: "sys.exit(3)" in str(listener.failure))

    run_in_virtual_time(main())


class DeafSource(FakeSource):
    """A microphone that gives no more sound once the wake word was heard."""

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        async for chunk in super().capture():
            yield chunk
            if chunk is not None and chunk.audio[:2] == MARKER.audio[:2]:
                await asyncio.sleep(10_000)


def test_a_microphone_that_falls_silent_in_a_turn_is_apologised_for() -> None:
    there = room(Kind.SOURCE, "microphone", DeafSource(ASKED))
    run_in_virtual_time(there.live(12))
    assert [receipt.outcome for receipt in there.receipts] == ["failed"]
    assert there.sounded > 0


class HangingSink(FakeSink):
    """A speaker that takes the sound and never plays it."""

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        await asyncio.sleep(10_000)
        yield Played(0, 0)


def test_a_speaker_that_hangs_does_not_take_the_next_wake_word_away() -> None:
    there = room(Kind.SINK, "speaker", HangingSink())
    there.hears = [*ASKED, *quiet(6), *ASKED, *quiet(90)]
    run_in_virtual_time(there.live(30))
    assert [receipt.outcome for receipt in there.receipts][:1] == ["interrupted"]
    assert len(there.stt.heard) == 2, "the second question was not listened to"
