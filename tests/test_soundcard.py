import asyncio
import contextlib
import os
import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest

from assistant import AudioChunk, AudioFormat, DeviceError
from assistant.soundcard import Port, Room, sound_card
from assistant.testing import silence, tone
from assistant.wav import read_wav

MANAGER = next(filter(shutil.which, ["wireplumber", "pipewire-media-session"]), "wireplumber")
PROGRAMS = {"PulseAudio": ["pulseaudio"], "PipeWire": ["pipewire", MANAGER, "pipewire-pulse"]}


def hide(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda program: None if program in programs else which(program))


@pytest.fixture(params=PROGRAMS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have the card run on each server that is installed here."""
    name: str = request.param
    missing = [program for program in PROGRAMS[name] if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{name} is not installed here: {', '.join(missing)} is missing")
    for other in PROGRAMS.keys() - {name}:
        hide(monkeypatch, *PROGRAMS[other])
    return name


def children() -> set[int]:
    """Return the processes that this one has started and that have not ended."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            if f"\nPPid:\t{os.getpid()}\n" in (process / "status").read_text():
                found.add(int(process.name))
    return found


def recorded(file: Path) -> np.ndarray:
    sound = read_wav(file)
    return np.frombuffer(sound.audio, "<i2").reshape(-1, sound.format.channels) / 32768


async def test_what_is_spoken_into_a_port_comes_out_in_real_time(server: str, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with sound_card() as card, card.record(tmp_path / "out.wav"):
        began = loop.time()
        await card.speak([tone(0.3), tone(0.4)], microphone="speaker")
        assert loop.time() - began >= 0.6
    heard = recorded(tmp_path / "out.wav")
    assert read_wav(tmp_path / "out.wav").format == AudioFormat(48_000, 2, 2)
    loud = np.flatnonzero(np.abs(heard[:, 0]) > 0.02)
    assert len(loud) / 48_000 == pytest.approx(0.7, abs=0.05)  # all of it, whatever gap a busy machine made
    assert np.abs(heard).max() == pytest.approx(0.3, abs=0.02)


async def test_channels_of_an_array_stay_apart(server: str, tmp_path: Path) -> None:
    form = AudioFormat(48_000, channels=4)
    third = np.zeros((24_000, 4), "<i2")
    third[:, 2] = 8000
    async with sound_card() as card:
        await card.plug(Port("array", "speaker", channels=4))
        async with card.record(tmp_path / "out.wav", "array"):
            await card.speak([AudioChunk(third.tobytes(), form)], microphone="array")
    assert (np.abs(recorded(tmp_path / "out.wav")).max(axis=0) > 0.1).tolist() == [False, False, True, False]


async def test_in_a_room_the_microphone_hears_the_speaker(server: str, tmp_path: Path) -> None:
    before = children()
    async with AsyncExitStack() as stack:
        card = await stack.enter_async_context(sound_card())
        await stack.enter_async_context(card.echo(Room(gain=0.5, delay=0.05, reverberation=0.3)))
        await stack.enter_async_context(card.record(tmp_path / "said.wav"))
        await stack.enter_async_context(card.record(tmp_path / "heard.wav", "microphone"))
        await card.speak([silence(0.5), tone(0.5)], microphone="speaker")
        await asyncio.sleep(1.5)
    said, heard = recorded(tmp_path / "said.wav")[:, 0], recorded(tmp_path / "heard.wav")[:, 0]
    level = np.sqrt((heard**2).sum() / (said**2).sum())
    assert 0.2 < level < 1.0  # a tone may meet itself in the reverberation, with either sign
    began = np.flatnonzero(np.abs(said) > 0.02)[0], np.flatnonzero(np.abs(heard) > 0.02)[0]
    assert (began[1] - began[0]) / 48_000 > 0.05  # later still where a busy machine fills longer buffers
    assert np.abs(heard[began[1] + 26_000 :]).max() > 0.002  # it rings on
    assert children() == before


@pytest.mark.parametrize("name", ["usb", "microphone"])
async def test_a_port_is_gone_when_unplugged_and_back_when_plugged_in_again(server: str, name: str) -> None:
    async with sound_card() as card:
        await card.plug(Port("usb", "microphone"))
        await card.speak([tone(0.1)], name)
        speaking = asyncio.create_task(card.speak([tone(30)], name))
        await asyncio.sleep(0.5)
        await card.unplug(name)
        with pytest.raises(DeviceError, match=name):
            await speaking
        with pytest.raises(DeviceError, match=name):
            await card.speak([tone(0.1)], name)
        await card.plug(Port(name, "microphone"))
        await card.speak([tone(0.1)], name)


async def test_two_cards_do_not_meet(server: str) -> None:
    async with sound_card() as one, sound_card() as other:
        assert one.server == other.server == server
        await one.plug(Port("usb", "microphone"))
        with pytest.raises(DeviceError):
            await other.speak([tone(0.1)], "usb")
        assert one.environment.keys() == other.environment.keys()
        assert not set(one.environment.values()) & set(other.environment.values())


async def test_nothing_is_left_behind(server: str) -> None:
    before = children()
    async with sound_card() as card:
        folder = Path(card.environment["ALSA_CONFIG_PATH"]).parent
        speaking = asyncio.create_task(card.speak([tone(30)]))
        await asyncio.sleep(0.2)
        assert len(children() - before) == len(PROGRAMS[server]) + 1
        speaking.cancel()
        await asyncio.wait({speaking})
    assert not folder.exists()
    assert children() == before


@pytest.mark.parametrize("started", [1, 2, 3])
async def test_a_cancelled_start_leaves_nothing_behind(server: str, started: int) -> None:
    async def start() -> None:
        async with sound_card():
            await asyncio.sleep(30)

    before = children()
    starting = asyncio.create_task(start())
    async with asyncio.timeout(30):
        while len(children() - before) < min(started, len(PROGRAMS[server])):
            await asyncio.sleep(0.005)
    starting.cancel()
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled()
    async with asyncio.timeout(30):
        while children() != before:  # asyncio kills what it was about to start and does not wait for its end
            await asyncio.sleep(0.01)


async def test_it_runs_on_pulseaudio_where_both_are_installed() -> None:
    missing = [program for programs in PROGRAMS.values() for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not both servers are installed here: {', '.join(missing)} is missing")
    async with sound_card() as card:
        assert card.server == "PulseAudio"


@pytest.mark.parametrize(
    ("hidden", "packages"),
    [
        (["pulseaudio", "pipewire"], "pulseaudio"),
        (["pulseaudio", "wireplumber", "pipewire-media-session"], "pipewire pipewire-pulse wireplumber"),
    ],
)
async def test_without_a_server_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, hidden: list[str], packages: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program in hidden else f"/usr/bin/{program}")
    with pytest.raises(DeviceError, match="neither PulseAudio nor PipeWire is installed") as error:
        async with sound_card():
            pass
    assert error.value.hint == f"apt-get install {packages} pulseaudio-utils libasound2-plugins"


async def test_without_a_client_it_says_what_to_install(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "pactl")
    with pytest.raises(DeviceError, match="pactl is not installed") as error:
        async with sound_card():
            pass
    assert "apt-get install pulseaudio-utils" in error.value.hint


@pytest.mark.parametrize(
    ("server", "program"),
    [(server, program) for server in PROGRAMS for program in PROGRAMS[server]],
    indirect=["server"],
)
async def test_a_server_that_does_not_start_is_an_error(
    server: str, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / program
    broken.write_text("#!/bin/sh\necho no memory for sound >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    before = children()
    with pytest.raises(DeviceError, match=f"{server} .*: {program} ended with exit status 3") as error:
        async with sound_card():
            pass
    assert f"{program} printed: no memory for sound" in error.value.hint
    assert children() == before
