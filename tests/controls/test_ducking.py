"""Other programs are lowered and put right again, on a real sound server."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assistant.controls import ducking
from assistant.controls.ducking import Ducking
from assistant.soundcard import SoundCard, sound_card
from assistant.soundcard.server import ended
from tests.running import Home

FULL = 65536


@pytest.fixture
async def card(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[SoundCard, None]:
    """A sound card whose speaker is the default output, as on a desktop."""
    async with sound_card() as card:
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        await card._pactl("set-default-sink", "speaker")
        yield card


@asynccontextmanager
async def player(card: SoundCard, device: str = "speaker") -> AsyncGenerator[int, None]:
    """Let another program play for as long as the context is open; yields its process."""
    options = ["--raw", "--rate=8000", "--channels=1", "--latency-msec=100", f"--device={device}", "/dev/zero"]
    process = await card._run("pacat", "--playback", *options)
    async with ended(process):
        await until(lambda volumes: process.pid in volumes)
        yield process.pid


async def volumes() -> dict[int, int]:
    """Return the volume of every program that plays, by process."""
    return {int(stream.process): stream.volume[0] for stream in await ducking._streams()}


async def until(wanted: Callable[[dict[int, int]], bool]) -> None:
    async with asyncio.timeout(20):
        while not wanted(await volumes()):
            await asyncio.sleep(0.05)


async def test_others_are_lowered_while_somebody_is_served(card: SoundCard, tmp_path: Path) -> None:
    journal = tmp_path / "ducked.json"
    other = Ducking(journal)
    async with player(card) as music:
        async with other.lowered(0.4):
            await until(lambda found: found[music] == round(0.4 * FULL))
            assert journal.exists()
        async with other.lowered(0.4):  # who speaks on at once hears no swell
            assert (await volumes())[music] == round(0.4 * FULL)
            await asyncio.sleep(1)
            assert (await volumes())[music] == round(0.4 * FULL)
        await until(lambda found: found[music] == FULL)
        await other.close()
        assert not journal.exists()


async def test_what_a_killed_daemon_left_is_put_right(card: SoundCard, tmp_path: Path) -> None:
    journal = tmp_path / "ducked.json"
    async with player(card) as music:
        killed = Ducking(journal)
        await killed._lower(0.4)
        assert (await volumes())[music] == round(0.4 * FULL)
        await Ducking(journal).restore()
        assert (await volumes())[music] == FULL
        await Ducking(journal).restore()  # once is enough
        assert (await volumes())[music] == FULL


async def test_the_next_daemon_does_it(card: SoundCard, house: Home) -> None:
    house.variables |= card.environment
    journal = house.folder / "state" / "ducked.json"
    journal.parent.mkdir()
    async with player(card) as music:
        killed = Ducking(journal)
        await killed._lower(0.4)
        assert (await volumes())[music] == round(0.4 * FULL)
        with house.daemon() as daemon:
            await until(lambda found: found[music] == FULL)
            assert await asyncio.to_thread(daemon.stop) == 0


async def test_a_volume_that_somebody_set_meanwhile_stays(card: SoundCard, tmp_path: Path) -> None:
    other = Ducking(tmp_path / "ducked.json")
    async with player(card) as music:
        async with other.lowered(0.4):
            await until(lambda found: found[music] == round(0.4 * FULL))
            [stream] = [one for one in await ducking._streams() if one.process == str(music)]
            await ducking._set(stream.index, (30000,))
        await asyncio.sleep(1)
        await other.close()
        assert (await volumes())[music] == 30000


async def test_what_plays_elsewhere_is_left_alone(card: SoundCard, tmp_path: Path) -> None:
    other = Ducking(tmp_path / "ducked.json")
    async with player(card) as music, player(card, "microphone") as talk, other.lowered(0.4):
        await until(lambda found: found[music] == round(0.4 * FULL))
        assert (await volumes())[talk] == FULL
        await other.close()


@pytest.mark.parametrize("journal", ["", "{", "[1]", '[{"before": 1}]'])
async def test_without_a_server_and_with_a_damaged_journal_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    file = tmp_path / "ducked.json"
    file.write_text(journal)
    other = Ducking(file)
    await other.restore()
    async with other.lowered(0.4):
        await asyncio.sleep(0.1)
    await other.close()
