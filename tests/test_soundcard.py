import asyncio
import shutil
from pathlib import Path

import numpy as np
import pytest

from assistant import AudioChunk, AudioFormat, DeviceError
from assistant.soundcard import Port, sound_card
from assistant.testing import tone
from assistant.wav import read_wav


def recorded(file: Path) -> np.ndarray:
    sound = read_wav(file)
    return np.frombuffer(sound.audio, "<i2").reshape(-1, sound.format.channels) / 32768


async def test_what_is_spoken_into_a_port_comes_out_in_real_time(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with sound_card() as card, card.record(tmp_path / "out.wav"):
        began = loop.time()
        await card.speak([tone(0.3), tone(0.4)], microphone="speaker")
        assert loop.time() - began >= 0.6
    heard = recorded(tmp_path / "out.wav")
    assert read_wav(tmp_path / "out.wav").format == AudioFormat(48_000, 2, 2)
    loud = np.flatnonzero(np.abs(heard[:, 0]) > 0.02)
    assert (loud[-1] - loud[0]) / 48_000 == pytest.approx(0.7, abs=0.02)
    assert np.abs(heard).max() == pytest.approx(0.3, abs=0.02)


async def test_channels_of_an_array_stay_apart(tmp_path: Path) -> None:
    form = AudioFormat(48_000, channels=4)
    third = np.zeros((24_000, 4), "<i2")
    third[:, 2] = 8000
    async with sound_card() as card:
        await card.plug(Port("array", "speaker", channels=4))
        async with card.record(tmp_path / "out.wav", "array"):
            await card.speak([AudioChunk(third.tobytes(), form)], microphone="array")
    assert (np.abs(recorded(tmp_path / "out.wav")).max(axis=0) > 0.1).tolist() == [False, False, True, False]


async def test_a_port_is_gone_when_unplugged_and_back_when_plugged_in_again() -> None:
    async with sound_card() as card:
        await card.plug(Port("usb", "microphone"))
        await card.speak([tone(0.1)], "usb")
        await card.unplug("usb")
        with pytest.raises(DeviceError, match="usb"):
            await card.speak([tone(0.1)], "usb")
        await card.plug(Port("usb", "microphone"))
        await card.speak([tone(0.1)], "usb")


async def test_two_cards_do_not_meet() -> None:
    async with sound_card() as one, sound_card() as other:
        await one.plug(Port("usb", "microphone"))
        with pytest.raises(DeviceError):
            await other.speak([tone(0.1)], "usb")
        assert one.environment.keys() == other.environment.keys()
        assert not set(one.environment.values()) & set(other.environment.values())


async def test_nothing_is_left_behind() -> None:
    async with sound_card() as card:
        folder = Path(card.environment["ALSA_CONFIG_PATH"]).parent
        speaking = asyncio.create_task(card.speak([tone(30)]))
        await asyncio.sleep(0.2)
        speaking.cancel()
        await asyncio.wait({speaking})
    assert not folder.exists()


async def test_without_pulseaudio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(DeviceError, match="pulseaudio is not installed") as error:
        async with sound_card():
            pass
    assert "apt-get install pulseaudio" in error.value.hint


async def test_a_pulseaudio_that_does_not_start_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "pulseaudio"
    broken.write_text("#!/bin/sh\necho no memory for sound >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(DeviceError, match="PulseAudio does not start: exit status 3") as error:
        async with sound_card():
            pass
    assert error.value.hint == "it printed: no memory for sound"
