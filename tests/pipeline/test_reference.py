"""The reference: what left the speaker, on the clock of the microphone."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np
import pytest

from assistant import SPEECH, AudioChunk, AudioFormat, Played
from assistant.convert import Converter
from assistant.pipeline.reference import Reference
from assistant.streams import once
from assistant.testing import FakeSink, run_in_virtual_time, silence

RATE = SPEECH.rate


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    """Make sound in which each moment can be told from every other."""
    hiss = np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * 9000
    return np.convolve(hiss, np.hanning(15) / 7, "same").astype("<i2")  # up to 2 kHz, as most of a voice


def chunk(samples: np.ndarray) -> AudioChunk:
    return AudioChunk(samples.astype("<i2").tobytes(), SPEECH)


def samples(sound: Iterable[AudioChunk]) -> np.ndarray:
    return np.frombuffer(b"".join(chunk.audio for chunk in sound), "<i2")


async def listen(reference: Reference, seconds: float, step: float = 0.04) -> list[AudioChunk]:
    """Read the reference as a microphone would: each chunk when it has been heard."""
    loop = asyncio.get_running_loop()
    heard, at, end = [], loop.time(), loop.time() + seconds
    while at < end:
        await asyncio.sleep(at + step - loop.time())
        heard.append(reference.during(silence(step, at)))
        at += step
    return heard


async def play(reference: Reference, sink: FakeSink, *sound: AudioChunk) -> None:
    async with aclosing(reference.following(sink).play(once(*sound))) as progress:
        async for _ in progress:
            pass


def found(reference: np.ndarray, sound: np.ndarray) -> tuple[int, float]:
    """Return at which sample of the reference the sound begins, and how well it fits there."""
    size = 2 * max(len(reference), len(sound))
    alike = np.fft.irfft(np.fft.rfft(reference, size) * np.fft.rfft(sound.astype(float), size).conj(), size)
    begin = int(alike[: len(reference)].argmax())
    there = reference[begin : begin + len(sound)].astype(float)
    said = sound[: len(there)].astype(float)
    return begin, float(there @ said / np.sqrt((there @ there) * (said @ said) + 1e-9))


def test_nothing_was_played() -> None:
    heard = AudioChunk(b"\1\2" * 640, SPEECH, 5.0)
    assert Reference().during(heard) == AudioChunk(bytes(1280), SPEECH, 5.0)


@pytest.mark.parametrize("step", [0.01, 0.04, 0.1])
def test_what_is_played_is_read_when_it_was_heard_a_little_early(step: float) -> None:
    sound = noise(2.0)

    async def main() -> np.ndarray:
        reference = Reference()
        listening = asyncio.create_task(listen(reference, 3.0, step))
        await asyncio.sleep(0.5)
        await play(reference, FakeSink(), chunk(sound))
        return samples(await listening)

    read = run_in_virtual_time(main())
    begin, fit = found(read, sound[RATE:])
    assert fit > 0.999
    assert begin / RATE == pytest.approx(1.5 - 0.02, abs=0.001)
    assert not read[: round(0.4 * RATE)].any() and not read[round(2.6 * RATE) :].any()


@pytest.mark.parametrize("form", [AudioFormat(22_050), AudioFormat(48_000, 2, 2), AudioFormat(24_000, 4)])
def test_any_format_of_the_answer(form: AudioFormat) -> None:
    sound = noise(2.0)
    converter = Converter(SPEECH, form)
    voice = converter.push(sound.tobytes()) + converter.flush()
    pieces = [AudioChunk(voice[at : at + form.size(0.3)], form) for at in range(0, len(voice), form.size(0.3))]

    async def main() -> np.ndarray:
        reference = Reference()
        listening = asyncio.create_task(listen(reference, 3.0))
        await play(reference, FakeSink(), *pieces)
        return samples(await listening)

    begin, fit = found(run_in_virtual_time(main()), sound[RATE : RATE * 3 // 2])
    assert fit > 0.95
    assert begin / RATE == pytest.approx(1.0 - 0.02, abs=0.001)


@dataclass
class ScriptedSink(FakeSink):
    """A speaker that is asked for sound at once and reports as a script says."""

    reports: Callable[[float], float | None] = lambda now: now
    """Seconds that were played, for seconds since the beginning; None at the end."""
    shake: float = 0.0
    """Seconds of jitter of each report's timestamp."""

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        loop, shake = asyncio.get_running_loop(), random.Random(1)
        began = loop.time()
        async for _ in audio:
            pass
        while (seconds := self.reports(loop.time() - began)) is not None:
            yield Played(seconds, loop.time() + shake.uniform(-self.shake, self.shake))
            await asyncio.sleep(0.02)


def reading(sink: FakeSink, sound: np.ndarray, seconds: float) -> np.ndarray:
    async def main() -> np.ndarray:
        reference = Reference()
        listening = asyncio.create_task(listen(reference, seconds))
        await play(reference, sink, chunk(sound))
        return samples(await listening)

    return run_in_virtual_time(main())


def test_reports_that_shake_do_not_shake_the_sound() -> None:
    sound = noise(8.0)
    read = reading(ScriptedSink(reports=lambda now: now if now < 8 else None, shake=0.01), sound, 8.0)
    begin, fit = found(read, sound[RATE : 7 * RATE])
    assert fit > 0.999  # not one sample was skipped or repeated on the way
    assert begin / RATE == pytest.approx(1 - 0.02, abs=0.02)


def test_a_speaker_whose_clock_is_slow_is_followed() -> None:
    sound = noise(40.0)
    read = reading(ScriptedSink(reports=lambda now: now * 0.998 if now < 39 else None), sound, 38.0)
    for second in (5, 20, 37):
        begin, fit = found(read[: 38 * RATE], sound[second * RATE : second * RATE + RATE // 10])
        assert fit > 0.9
        assert begin / RATE == pytest.approx(second / 0.998 - 0.02, abs=0.05)


def test_sound_that_comes_too_late_is_awaited() -> None:
    sound = noise(4.0)

    def stalls(now: float) -> float | None:
        return min(now, 1.5) if now < 2.5 else now - 1.0 if now < 5 else None

    read = reading(ScriptedSink(reports=stalls), sound, 5.0)
    assert found(read, sound[RATE // 2 : RATE])[0] / RATE == pytest.approx(0.5 - 0.02, abs=0.001)
    begin, fit = found(read, sound[RATE * 5 // 2 : RATE * 3])
    assert fit > 0.99
    assert begin / RATE == pytest.approx(3.5 - 0.02, abs=0.004)


def test_an_answer_that_is_cut_off_is_silent_at_once() -> None:
    sound = noise(5.0)

    async def main() -> np.ndarray:
        reference = Reference()
        listening = asyncio.create_task(listen(reference, 3.0))
        playing = asyncio.create_task(play(reference, FakeSink(), chunk(sound)))
        await asyncio.sleep(1.0)
        playing.cancel()
        await asyncio.wait({playing})
        return samples(await listening)

    read = run_in_virtual_time(main())
    assert read[round(0.9 * RATE) : round(0.95 * RATE)].any()
    assert not read[round(1.05 * RATE) :].any()


def test_two_answers_one_after_the_other() -> None:
    first, second = noise(1.0, 1), noise(1.0, 2)

    async def main() -> np.ndarray:
        reference, sink = Reference(), FakeSink()
        listening = asyncio.create_task(listen(reference, 3.0))
        await play(reference, sink, chunk(first))
        await asyncio.sleep(0.1)
        await play(reference, sink, chunk(second))
        return samples(await listening)

    read = run_in_virtual_time(main())
    assert found(read, first[RATE // 2 :])[0] / RATE == pytest.approx(0.5 - 0.02, abs=0.001)
    assert found(read, second[RATE // 2 :])[0] / RATE == pytest.approx(1.6 - 0.02, abs=0.001)


def test_memory_is_bounded_although_nobody_listens() -> None:
    async def main() -> int:
        reference = Reference()
        endless = [chunk(noise(10.0))] * 60
        await play(reference, FakeSink(), *endless)
        await play(reference, FakeSink(), chunk(noise(0.1)))
        return sum(len(track._sound) for track in reference._tracks)

    assert run_in_virtual_time(main()) < SPEECH.size(30.0)
