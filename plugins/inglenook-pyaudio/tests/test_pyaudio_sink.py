import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from assistant_pyaudio import SinkConfig, SourceConfig, open_sink, open_source

from assistant import AudioChunk, AudioFormat, DeviceError, Played, Sink, once
from assistant.soundcard import Port, SoundCard
from assistant.testing import check_sink, tone
from assistant.wav import read_wav


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "speaker.wav"


def loud(file: Path) -> tuple[float, float]:
    """Return when the first and the last loud sample were played, in seconds."""
    sound = read_wav(file)
    found = np.flatnonzero(np.abs(np.frombuffer(sound.audio, "<i2").reshape(-1, sound.format.channels)[:, 0]) > 600)
    return float(found[0]) / sound.format.rate, float(found[-1]) / sound.format.rate


def sine(rate: int, channels: int, seconds: float) -> AudioChunk:
    wave = 9000 * np.sin(np.arange(round(rate * seconds)) * (2 * np.pi * 440 / rate))
    return AudioChunk(np.repeat(wave.astype("<i2"), channels).tobytes(), AudioFormat(rate, channels=channels))


async def play(sink: Sink, *sound: AudioChunk) -> list[Played]:
    return [played async for played in sink.play(once(*sound))]


async def test_contract(card: SoundCard) -> None:
    async with open_sink(SinkConfig()) as sink:
        played = await check_sink(sink)
    assert played[0].seconds == 0
    assert played[-1].timestamp > played[0].timestamp + 0.5


@pytest.mark.parametrize(
    ("port", "config"),
    [
        (Port("speaker", "speaker", 48_000, 2), SinkConfig()),
        (Port("usb", "speaker", 44_100, 1), SinkConfig(device="us", rate=44_100)),
        (Port("usb", "speaker", 48_000, 6), SinkConfig(device="usb", rate=16_000)),
    ],
    ids=["default", "44.1 kHz", "16 kHz on six channels"],
)
async def test_what_is_played_is_heard(card: SoundCard, file: Path, port: Port, config: SinkConfig) -> None:
    if port.name == "usb":
        await card.plug(port)
    async with open_sink(config) as sink, card.record(file, port.name):
        played = await play(sink, sine(22_050, 1, 0.4), sine(24_000, 1, 0.2), sine(16_000, 2, 0.2))
    first, last = loud(file)
    assert last - first == pytest.approx(0.8, abs=0.05)
    assert played[-1].seconds == pytest.approx(0.8, abs=0.01)
    sound = np.frombuffer(read_wav(file).audio, "<i2") / 32768
    assert np.abs(sound).max() == pytest.approx(9000 / 32768, abs=0.05)


async def test_a_pause_of_the_producer_is_silence(card: SoundCard, file: Path) -> None:
    async def slow() -> AsyncIterator[AudioChunk]:
        yield tone(0.3)
        await asyncio.sleep(0.8)
        yield tone(0.3)

    async with open_sink(SinkConfig()) as sink, card.record(file):
        played = [p async for p in sink.play(slow())]
    assert played[-1].seconds == pytest.approx(0.6, abs=0.01)
    first, last = loud(file)
    assert last - first >= 1.0


async def test_leaving_it_is_silent_at_once(card: SoundCard, file: Path) -> None:
    async with open_sink(SinkConfig()) as sink, card.record(file):
        async with aclosing(sink.play(once(*[tone(0.5)] * 10))) as playing:
            async for played in playing:
                if played.seconds > 0.5:
                    break
        await asyncio.sleep(0.5)
    first, last = loud(file)
    assert last - first < 3  # of 5 s; 0.54 on a machine that has nothing else to do


async def test_an_answer_that_fails_is_left(card: SoundCard) -> None:
    async def broken() -> AsyncIterator[AudioChunk]:
        yield tone(0.1)
        raise ValueError("the voice broke")

    async with open_sink(SinkConfig()) as sink:
        with pytest.raises(ValueError, match="the voice broke"):
            _ = [p async for p in sink.play(broken())]
        assert await play(sink, tone(0.1))


async def test_nothing_to_play(card: SoundCard) -> None:
    async with open_sink(SinkConfig()) as sink:
        assert await play(sink) == []


async def test_a_speaker_that_is_not_there_is_an_error(card: SoundCard) -> None:
    async with open_sink(SinkConfig(device="microphone")) as sink:
        with pytest.raises(DeviceError, match="there is no speaker 'microphone'") as error:
            await play(sink, tone(0.1))
    assert "'speaker'" in error.value.hint


async def test_a_speaker_that_goes_away_fails_the_answer_and_plays_the_next(card: SoundCard) -> None:
    usb = Port("usb", "speaker")
    await card.plug(usb)
    async with open_sink(SinkConfig(device="usb")) as sink:
        with pytest.raises(DeviceError, match="speaker 'usb'"):
            async with aclosing(sink.play(once(*[tone(1)] * 30))) as playing:
                async for played in playing:
                    if played.seconds > 0.2:
                        await card.unplug("usb")
                        break
                async for _ in playing:
                    pass
        with pytest.raises(DeviceError, match="'usb'"):
            await play(sink, tone(0.1))
        await card.plug(usb)
        assert (await play(sink, tone(0.3)))[-1].seconds == pytest.approx(0.3, abs=0.01)


async def test_a_speaker_plugged_in_while_the_microphone_listens_is_found(card: SoundCard) -> None:
    stamps: list[float] = []

    async def listen() -> None:
        async with open_source(SourceConfig()) as source, aclosing(source.capture()) as capture:
            async for chunk in capture:
                stamps.append(chunk.timestamp)  # noqa: PERF401 - seen while it grows

    async with open_sink(SinkConfig(device="usb")) as sink:
        listening = asyncio.create_task(listen())
        await until(lambda: stamps)
        await card.plug(Port("usb", "speaker"))
        played = await play(sink, tone(0.5))
        assert played[-1].seconds == pytest.approx(0.5, abs=0.01)
        heard = len(stamps)
        await until(lambda: len(stamps) > heard + 5)
        listening.cancel()
        await asyncio.wait({listening})
    assert stamps == sorted(stamps)


async def test_microphone_and_speaker_at_once(card: SoundCard, caplog: pytest.LogCaptureFixture) -> None:
    async with (
        open_source(SourceConfig()) as source,
        open_sink(SinkConfig()) as sink,
        aclosing(source.capture()) as capture,
    ):
        playing = asyncio.create_task(play(sink, tone(1)))
        heard = [await anext(capture) for _ in range(25)]
        await playing
    assert heard[-1].end - heard[0].timestamp == pytest.approx(0.8, abs=0.05)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
