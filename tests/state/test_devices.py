"""What is set at devices: kept, and a mute even where the database is not."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.controls import DeviceSettings, QuietHours
from assistant.state import State

NAMES = ["room", "Küche / oben", "..", "a%2Eb"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "assistant.db"


@pytest.mark.parametrize("name", NAMES)
async def test_settings_come_back(file: Path, name: str) -> None:
    kept = DeviceSettings(muted=True, volume=30, chime=True, quiet=QuietHours(on=True, begin="21:30"))
    async with State(file) as state:
        await state.devices.keep(name, kept)
    async with State(file) as state:
        assert await state.devices.read() == {name: kept}


@pytest.mark.parametrize("name", NAMES)
async def test_a_mute_survives_the_loss_of_the_database(file: Path, name: str) -> None:
    async with State(file) as state:
        await state.devices.keep(name, DeviceSettings(muted=True, volume=30))
    (file.parent / file.name).unlink()
    async with State(file) as state:
        assert await state.devices.read() == {name: DeviceSettings(muted=True)}
        await state.devices.keep(name, DeviceSettings())
        assert await state.devices.read() == {name: DeviceSettings()}
    assert not list((file.parent / "muted").iterdir())


async def test_a_mute_that_only_the_database_knows_is_one(file: Path) -> None:
    async with State(file) as state:
        await state.devices.keep("room", DeviceSettings(muted=True))
        (file.parent / "muted" / "room").unlink()
        assert (await state.devices.read())["room"].muted


@pytest.mark.parametrize("text", ['{"volume": 1000}', '{"loudness": 1}', "nonsense", ""])
async def test_settings_that_cannot_be_read_are_named_and_may_have_been_a_mute(
    file: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with State(file) as state:
        with closing(sqlite3.connect(file)) as other, other:
            other.execute("INSERT INTO devices VALUES ('room', ?)", (text,))
        assert await state.devices.read() == {"room": DeviceSettings(muted=True)}
        assert "what is set at room cannot be read" in caplog.text
        await state.devices.keep("room", DeviceSettings())
        assert await state.devices.read() == {"room": DeviceSettings()}


async def test_another_process_is_noticed(file: Path) -> None:
    async with State(file) as state, State(file) as other:
        before = await state.devices.revision()
        await state.devices.keep("room", DeviceSettings(volume=10))
        assert await state.devices.revision() == before
        await other.devices.keep("room", DeviceSettings(volume=20))
        assert await state.devices.revision() != before
