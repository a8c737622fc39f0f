"""The house as chat models reach it: by tools that tell what is true, and open no door."""

import pytest

from assistant.home import Home
from assistant.pipeline.tools.arguments import check
from assistant.skill import Asked, Skill
from assistant.skills.house_tools import house_tools
from tests.home.house import House


async def told(house: House, intent: str, **slots: str) -> str:
    home = Home()
    async with home.attached(house):
        reply = await house_tools(home).intents[intent](Asked(intent, slots, device="room", turn="1"))
    return reply.text


def tools() -> Skill:
    return house_tools(Home())


def test_what_models_are_told_can_be_checked() -> None:
    for spec in tools().tools.values():
        check(spec)


def test_looking_changes_nothing_and_doors_need_a_person() -> None:
    assert tools().reads == {"InglenookHomeState"}
    assert tools().sensitive == {"InglenookHomeOpen"}


@pytest.mark.parametrize("name", ["light.desk_lamp", "Desk lamp", "reading lamp"])
async def test_a_thing_is_found_by_id_name_and_alias(name: str) -> None:
    assert await told(House(), "InglenookHomeState", name=name) == "Desk lamp: on"


@pytest.mark.parametrize(
    ("name", "action", "value", "said"),
    [
        ("Kettle", "turn_on", "", "Kettle is on."),
        ("Desk lamp", "set_brightness", "30 %", "Desk lamp is at 30 percent."),
        ("Desk lamp", "set_color", "blue", "Desk lamp is on."),
        ("Blind", "close", "", "Blind is closed."),
        ("Desk lamp", "set_brightness", "bright", "Desk lamp cannot do that."),
        ("Desk lamp", "set_color", "", "Desk lamp cannot do that."),
        ("Kettle", "set_color", "blue", "Kettle cannot do that."),
        ("Kettle", "open", "", "Kettle cannot do that."),
        ("Nothing", "turn_on", "", "I know nothing called Nothing."),
    ],
)
async def test_what_is_done_is_told_as_it_is(name: str, action: str, value: str, said: str) -> None:
    slots = {"name": name, "action": action} | ({"value": value} if value else {})
    assert await told(House(), "InglenookHomeAct", **slots) == said


async def test_only_what_opens_is_described_as_opening() -> None:
    """What is confirmed is what is done: anything else is told by its name and all its arguments."""
    home = Home()
    async with home.attached(House()):
        describe = house_tools(home).describe
        assert describe is not None
        assert describe(Asked("InglenookHomeOpen", {"name": "Front door"})) == "unlock Front door"
        for slots in ({"name": "Front door", "action": "lock"}, {"name": "Kettle", "action": "turn_on"}):
            assert describe(Asked("InglenookHomeAct", slots)) == ""


async def test_no_action_lets_anybody_in() -> None:
    house = House()
    for name, action in (("Front door", "turn_off"), ("Front door", "open"), ("Garage door", "open")):
        assert "cannot" in await told(house, "InglenookHomeAct", name=name, action=action)
    assert "cannot" in await told(house, "InglenookHomeAct", name="Garage door", action="set_position", value="50")
    assert house.calls == []
    assert await told(house, "InglenookHomeOpen", name="Front door") == "Front door is unlocked."
    assert "nothing called" in await told(house, "InglenookHomeOpen", name="Desk lamp")
