"""What a chat model is told of the house: a few of its things, as data; a name or a state cannot leave its line."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assistant import Area, Entity
from assistant.assembly import assemble
from assistant.config.load import load
from assistant.home import Home
from assistant.pipeline.house_facts import line
from assistant.pipeline.house_names import place_names
from assistant.pipeline.tools.fence import FENCE
from assistant.testing import model_path
from tests.home.house import House
from tests.pipeline.injections import TEXTS

ROOMS = ("Kitchen", "Bedroom", "Office", "Garage", "Cellar", "Attic", "Hall", "Bathroom", "Garden", "Living room")
SORTS = {
    "lamp": "light",
    "blind": "cover",
    "thermometer": "sensor",
    "plug": "switch",
    "fan": "fan",
    "radio": "media_player",
}
SORTS |= {"heater": "climate", "contact": "binary_sensor", "meter": "sensor", "socket": "switch"}
MANY = tuple(
    Entity(f"{domain}.{place}_{sort}_{room.split()[0]}".lower(), f"{place} {sort}", area=room, state="on")
    for place in ("Left", "Right", "Small", "Big", "Old")
    for sort, domain in SORTS.items()
    for room in ROOMS
)
"""A house of 500 things."""


@asynccontextmanager
async def asking(folder: Path, minilm: str = "") -> AsyncIterator[Callable[[str], "asyncio.Future[list[str]]"]]:
    """Lend what asks a chat model, and returns the ids of the things that it is told of."""
    embed, model = ("near", f"near: {{engine: minilm, model: {minilm}}}") if minilm else ("", "")
    file = folder / "assistant.yaml"
    file.write_text(
        f"models: {{chat: {{engine: echo}}, {model}}}\n"
        f"assistants: {{house: {{chat: chat, embed: '{embed}', language: en}}}}\n"
    )
    house = House(*MANY)
    house.areas = tuple(Area(room, room) for room in ROOMS)
    async with assemble(load(file, {})) as assembly, assembly.home.attached(house):
        placing = asyncio.create_task(place_names(assembly.equipment))
        while embed and len(assembly.equipment.nearness._vectors) < len(MANY):
            await asyncio.sleep(0.05)

        async def told(text: str) -> list[str]:
            answer = await assembly.run_turn(text, assistant="house")
            return re.findall(r"^(\w+\.\w+) \(", answer.text, re.MULTILINE)

        try:
            yield lambda text: asyncio.ensure_future(told(text))
        finally:
            placing.cancel()
            await asyncio.gather(placing, return_exceptions=True)


@pytest.fixture
def minilm() -> str:
    return model_path("all-minilm-l6-v2")


@pytest.fixture
def folder(minilm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    return tmp_path


async def test_of_500_things_8_to_20_are_told_by_their_words(folder: Path) -> None:
    async with asking(folder) as told:
        heaters = await told("I wonder why the attic is that cold although the big heater there runs")
        assert 8 <= len(heaters) <= 20
        assert heaters[0] == "climate.big_heater_attic"
        assert len(await told("I wonder what all the lamps cost me")) == 20
        assert await told("I wonder who invented algebra") == []


async def test_of_500_things_those_are_told_that_are_meant_in_other_words(folder: Path, minilm: str) -> None:
    async with asking(folder, minilm) as told:
        found = await told("I am freezing under the roof")
        assert len(found) == 8
        assert all(each.endswith("_attic") for each in found)
        assert await told("I wonder who invented algebra") == []


@pytest.mark.parametrize("text", [pytest.param(text, id=str(n)) for n, text in enumerate(TEXTS)])
def test_a_thing_is_one_line_whatever_it_is_called(text: str) -> None:
    told = line(Entity("sensor.mail", f"Mail {text}", state=text), Home())
    assert len(told.splitlines()) == 1 and told != FENCE and len(told) < 300
    assert not [mark for mark in ("<|", "<tool", "</tool", "[INST]", "<<SYS") if mark in told]
