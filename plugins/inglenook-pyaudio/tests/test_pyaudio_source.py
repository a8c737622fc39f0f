import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing

import numpy as np
import pytest
from assistant_pyaudio import SourceConfig, open_source

from assistant import AssistantError, AudioChunk, AudioFormat, DeviceError, Source
from assistant.soundcard import Port, SoundCard
from assistant.soundcheck import diagnose
from assistant.testing import check_source, silence, tone


async def listen(source: Source, heard: list[AudioChunk]) -> None:
    async with aclosing(source.capture()) as capture:
        async for chunk in capture:
            heard.append(chunk)  # noqa: PERF401 - seen while it grows


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def hear(card: SoundCard, config: SourceConfig, sound: Sequence[AudioChunk], port: str) -> list[AudioChunk]:
    """Speak into a port while its microphone listens, until half a second after the last word."""
    async with open_source(config) as source, aclosing(source.capture()) as capture:
        heard = [await anext(capture)]
        speaking = asyncio.create_task(card.speak(sound, port))
        ends = float("inf")
        async for chunk in capture:
            heard.append(chunk)
            if speaking.done():
                ends = min(ends, chunk.end + 0.5)
            if chunk.end > ends:
                break
        await speaking
    return heard


def samples(chunks: Sequence[AudioChunk]) -> np.ndarray:
    return np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2") / 32768


def loud(sound: np.ndarray) -> float:
    """Return the seconds from the first to the last loud sample."""
    found = np.flatnonzero(np.abs(sound) > 0.02)
    return float(found[-1] - found[0]) / 16_000 if len(found) else 0.0


def pitch(sound: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(sound)).argmax() * 16_000 / len(sound))


@pytest.mark.parametrize(
    "config",
    [
        SourceConfig(),
        SourceConfig(device="micro", chunk=0.08),
        SourceConfig(device="microphone", rate=44_100),
        SourceConfig(device="microphone", rate=48_000, channels=2),
    ],
    ids=["default", "by a part of its name", "44.1 kHz", "48 kHz stereo"],
)
async def test_what_is_said_is_heard(card: SoundCard, config: SourceConfig) -> None:
    heard = await hear(card, config, [tone(0.6, hertz=700)], "microphone")
    assert {chunk.duration for chunk in heard} == {config.chunk}
    sound = samples(heard)
    assert loud(sound) == pytest.approx(0.6, abs=0.05)
    assert pitch(sound) == pytest.approx(700, abs=5)
    assert np.abs(sound).max() == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize("rate", [None, 48_000])
async def test_contract(card: SoundCard, rate: int | None) -> None:
    async with open_source(SourceConfig(rate=rate)) as source:
        chunks = await check_source(source)
        now = asyncio.get_running_loop().time()
        assert now - 5 < chunks[0].timestamp < chunks[-1].end < now + 0.1
        await check_source(source, 0.2)  # it can be opened again


async def test_one_channel_of_an_array(card: SoundCard) -> None:
    await card.plug(Port("array", "microphone", channels=4))
    form = AudioFormat(16_000, channels=4)
    words = np.zeros((8_000, 4), "<i2")
    words[:, 2] = np.frombuffer(tone(0.5).audio, "<i2")
    spoken = [AudioChunk(words.tobytes(), form)]
    picked = await hear(card, SourceConfig(device="array", channels=4, channel=2), spoken, "array")
    assert loud(samples(picked)) == pytest.approx(0.5, abs=0.05)
    other = await hear(card, SourceConfig(device="array", channels=4, channel=1), spoken, "array")
    assert not loud(samples(other))
    mean = await hear(card, SourceConfig(device="array", channels=4), spoken, "array")
    assert np.abs(samples(mean)).max() == pytest.approx(0.3 / 4, abs=0.02)


async def test_what_is_wrong_with_the_sound_is_seen(card: SoundCard) -> None:
    square = AudioChunk(np.repeat(np.array([32767, -32768] * 40, "<i2"), 100).tobytes(), AudioFormat(16_000))
    clipped = await hear(card, SourceConfig(), [square], "microphone")
    assert any("clips" in sentence for sentence in diagnose(clipped))
    muted = await hear(card, SourceConfig(), [silence(0.2)], "microphone")
    assert "digital silence" in diagnose(muted)[0]


async def test_devices_are_listed(card: SoundCard) -> None:
    async with open_source(SourceConfig()) as source:
        found = {device.name: device for device in source.devices()}
    assert found.keys() == {"microphone", "speaker", "default"}
    assert found["microphone"].inputs and not found["microphone"].outputs
    assert found["speaker"].outputs and not found["speaker"].inputs
    assert found["default"].default


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (SourceConfig(device="webcam"), "there is no microphone 'webcam'"),
        (SourceConfig(device="speaker"), "there is no microphone 'speaker'"),
        (SourceConfig(device="e"), "microphone 'e' could be any of 'microphone', 'default'"),
        (SourceConfig(channels=2, channel=5), "there is no channel 5"),
    ],
)
async def test_a_device_that_is_not_there_is_an_error(card: SoundCard, config: SourceConfig, said: str) -> None:
    async with open_source(config) as source:
        with pytest.raises(AssistantError, match=said) as error:
            async with aclosing(source.capture()) as capture:
                await anext(capture)
    assert error.value.hint


async def test_a_device_that_was_plugged_in_since_is_found(card: SoundCard) -> None:
    async with open_source(SourceConfig(device="usb")) as source:
        with pytest.raises(DeviceError, match="there is no microphone 'usb'"):
            await check_source(source, 0.1)
        await card.plug(Port("usb", "microphone"))
        await check_source(source, 0.1)


async def test_a_device_that_goes_away_is_waited_for(card: SoundCard, caplog: pytest.LogCaptureFixture) -> None:
    usb = Port("usb", "microphone")
    await card.plug(usb)
    heard: list[AudioChunk] = []
    async with open_source(SourceConfig(device="usb")) as source:
        listening = asyncio.create_task(listen(source, heard))
        await until(lambda: heard)
        await card.unplug("usb")
        await until(lambda: caplog.records)
        before = len(heard)
        await card.plug(usb)
        await until(lambda: len(heard) > before + 10)
        listening.cancel()
        await asyncio.wait({listening})
    assert heard[before].timestamp > heard[before - 1].timestamp + 1
    assert [record.getMessage() for record in caplog.records] == [
        "microphone 'usb' is gone; waiting for it",
        "microphone 'usb' is back",
    ]


async def test_a_sound_server_that_is_started_again_is_waited_for(
    card: SoundCard, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[AudioChunk] = []
    async with open_source(SourceConfig()) as source:
        listening = asyncio.create_task(listen(source, heard))
        await until(lambda: heard)
        await card.restart()
        await until(lambda: len(caplog.records) == 2)
        before = len(heard)
        await card.speak([tone(1)])
        await until(lambda: len(heard) > before + 10)
        listening.cancel()
        await asyncio.wait({listening})
    assert loud(samples(heard[before - 25 :])) > 0.5
    assert [record.getMessage() for record in caplog.records] == [
        "microphone 'default' is gone; waiting for it",
        "microphone 'default' is back",
    ]
