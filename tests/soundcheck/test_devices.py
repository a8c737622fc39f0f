"""Faults of real devices, on each sound server that is installed: what `assistant check` says of them."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from assistant_pyaudio import SinkConfig, SourceConfig, open_sink, open_source

from assistant import AudioChunk, AudioFormat
from assistant.soundcard import Port, Room, SoundCard, sound_card
from assistant.soundcheck import examine
from assistant.soundcheck.examine import Diagnosis, examine_array, examine_sink, examine_source
from assistant.soundcheck.server import routed, server_state
from assistant.testing import tone

pytestmark = pytest.mark.once

PROGRAMS = {"PulseAudio": ["pulseaudio"], "PipeWire": ["pipewire", "wireplumber", "pipewire-pulse"]}

MOMENT = 0.8
"""Seconds to listen."""


@pytest.fixture(params=PROGRAMS)
async def card(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SoundCard]:
    """A sound card on each server that is installed here."""
    name: str = request.param
    if missing := [program for program in PROGRAMS[name] if shutil.which(program) is None]:
        pytest.skip(f"{name} is not installed here: {', '.join(missing)} is missing")
    which, others = shutil.which, [p for other in PROGRAMS if other != name for p in PROGRAMS[other]]
    monkeypatch.setattr(shutil, "which", lambda program, **more: None if program in others else which(program, **more))
    async with sound_card() as card:
        assert card.server == name
        for variable, value in card.environment.items():
            monkeypatch.setenv(variable, value)
        yield card


def pactl(*command: str) -> None:
    subprocess.run(["pactl", *command], check=True, capture_output=True, timeout=20)


@asynccontextmanager
async def speaking(card: SoundCard, sound: Sequence[AudioChunk], port: str = "microphone") -> AsyncIterator[None]:
    """Play *sound* into a port for as long as the context is open."""
    task = asyncio.create_task(card.speak(sound, port))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def of_source(config: SourceConfig) -> Diagnosis:
    async with open_source(config) as source:
        found = await examine_source(source, MOMENT)
        channels = await examine_array(source, config, open_source, found.device)
    return Diagnosis(found.complaints + channels, found.failure, found.device, found.format)


async def test_good_devices_need_no_word(card: SoundCard) -> None:
    async with speaking(card, [tone(5)]):
        found = await of_source(SourceConfig())
    assert (found.complaints, found.failure) == ((), None)
    assert found.device is not None
    assert (found.device.name, found.device.rate, found.device.channels) == ("microphone.monitor", 48_000, 1)
    assert "48000 Hz, mono" in found.note
    async with open_sink(SinkConfig()) as sink:
        played = await examine_sink(sink)
    assert (played.complaints, played.failure, played.notes_heard) == ((), None, None)
    assert played.device is not None and played.device.name == "speaker"


@pytest.mark.parametrize("loud", [True, False])
async def test_the_notes_are_heard_where_the_microphone_hears_the_speaker(card: SoundCard, loud: bool) -> None:
    async with (
        card.echo(Room(gain=0.1 if loud else 0, delay=0.03, reverberation=0.2)),
        open_source(SourceConfig()) as mic,
        open_sink(SinkConfig()) as sink,
    ):
        found = await examine_sink(sink, mic)
    assert found.notes_heard is loud
    assert found.complaints == ()
    assert ("hears it" in found.note) is loud


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            ["set-source-mute", "microphone.monitor", "1"],
            "is muted in the sound server: pactl set-source-mute microphone",
        ),
        (["set-source-volume", "microphone.monitor", "3%"], "is turned down to 3%: pactl set-source-volume microphone"),
    ],
)
async def test_a_microphone_that_is_turned_off_in_the_server(card: SoundCard, command: list[str], said: str) -> None:
    async with speaking(card, [tone(5)]):
        pactl(*command)
        found = await of_source(SourceConfig())
    assert found.failure is None
    assert said in found.complaints[0]
    assert "digital silence" not in " ".join(found.complaints)


async def test_a_microphone_that_is_silent(card: SoundCard) -> None:
    [said] = (await of_source(SourceConfig())).complaints
    assert "digital silence" in said


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["set-sink-mute", "speaker", "1"], "is muted in the sound server: pactl set-sink-mute speaker 0"),
        (["set-sink-volume", "speaker", "2%"], "is turned down to 2%: pactl set-sink-volume speaker 60%"),
    ],
)
async def test_a_speaker_that_is_turned_off_in_the_server(card: SoundCard, command: list[str], said: str) -> None:
    pactl(*command)
    async with open_sink(SinkConfig()) as sink:
        found = await examine_sink(sink)
    assert found.failure is None
    assert said in found.complaints[0]


async def test_a_speaker_that_is_dead_while_the_microphone_works(card: SoundCard) -> None:
    if card.server == "PipeWire":
        pytest.skip("PipeWire wakes a device that is used, so none is dead in this way")
    pactl("suspend-sink", "speaker", "1")
    async with speaking(card, [tone(8)]), open_source(SourceConfig()) as mic, open_sink(SinkConfig()) as sink:
        found = await examine_sink(sink, mic)
        assert found.failure is not None
        assert "speaker 'default'" in str(found.failure)
        assert "pactl suspend-sink speaker 0" in found.complaints[0]
        assert not (await examine_source(mic, MOMENT)).complaints


async def test_an_array_with_dead_channels(card: SoundCard) -> None:
    await card.plug(Port("array", "microphone", channels=4))
    words = np.zeros((48_000 * 8, 4), "<i2")
    words[:, 1] = 2000 * np.sin(np.arange(len(words)) / 20)
    words[:, 2] = 4 * words[:, 1]
    async with speaking(card, [AudioChunk(words.tobytes(), AudioFormat(48_000, channels=4))], "array"):
        mean = await of_source(SourceConfig(device="array", channels=4))
        assert mean.device is not None and mean.device.channels == 4
        [said] = mean.complaints
        assert "nothing is on 0, 3: set `channel: 2` and `channels: 4`" in said


async def test_a_device_that_is_unplugged_while_it_is_listened_to(
    card: SoundCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examine, "_SILENT", 1.0)
    await card.plug(Port("usb", "microphone"))
    async with open_source(SourceConfig(device="usb")) as source:
        examining = asyncio.create_task(examine_source(source))
        async with asyncio.timeout(20):
            while await routed("source") is None:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        await card.unplug("usb")
        found = await examining
    assert "went away while it was listened to" in found.complaints[0]


async def test_a_server_that_does_not_answer_is_named(
    card: SoundCard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert (await server_state()).name
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    assert "refused" in (await server_state()).trouble
    async with open_source(SourceConfig()) as source:
        found = await examine_source(source)
    assert found.failure is not None
    assert "No sound server answers (Connection refused)" in found.complaints[0]


async def test_without_pactl_nothing_is_known_and_nothing_is_wrong(
    card: SoundCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda program, **more: None if program == "pactl" else which(program, **more))
    async with open_sink(SinkConfig()) as sink:
        found = await examine_sink(sink)
    assert found == Diagnosis(format=AudioFormat(48_000))
    assert (await server_state()).name == (await server_state()).trouble == ""
    assert os.environ["PULSE_SERVER"]
