"""T19: programs that call tools themselves, such as peers by MCP: as far as they may, and nothing sensitive."""

from collections.abc import Collection
from typing import Any

import pytest

from assistant import OWNER, Risk, ServiceError
from assistant.pipeline.receipt import Action
from assistant.pipeline.tools.program import call
from assistant.pipeline.turn import Turn
from assistant.testing import run_in_virtual_time
from tests.pipeline.test_tools import lamps
from tests.pipeline.tool_house import House

EVERY: Collection[Any] = ("read", "act", "sensitive")


def called(house: House, tool: str, risks: Collection[Risk] = EVERY, /, **arguments: Any) -> str:
    said: list[str] = []

    async def main() -> None:
        async with house.room.opened() as listener:
            equipment = listener._equipment
            equipment.skills.extend(house.skills)
            said.append(await call(Turn(equipment, "jarvis", "mcp", person=OWNER), tool, arguments, risks))

    run_in_virtual_time(main())
    return said[0]


def test_it_is_done_and_there_is_a_receipt() -> None:
    house = House()
    assert called(house, "lamp", on=True) == "Done."
    [receipt] = house.room.receipts
    assert (receipt.outcome, receipt.actions) == ("answered", (Action("lamp", "act", "ok"),))


@pytest.mark.parametrize(
    ("name", "risks", "arguments"),
    [
        ("unlock_door", EVERY, {"door": "front"}),
        ("send_money", EVERY, {"amount": 1}),
        ("lamp", ("read",), {"on": True}),
        ("lamp", (), {"on": True}),
        ("lamp", EVERY, {"on": "yes"}),
        ("lamp", EVERY, {"on": True, "name": "x" * 100_000}),
        ("shell", EVERY, {"command": "ls"}),
        ("x" * 100_000, EVERY, {}),
    ],
)
def test_what_may_not_be_done_is_refused(name: str, risks: Collection[Risk], arguments: dict[str, Any]) -> None:
    house = House()
    with pytest.raises(ServiceError) as refused:
        called(house, name, risks, **arguments)
    assert len(str(refused.value)) < 500
    assert not house.ran and house.room.receipts[0].outcome == "failed"


def test_what_is_asked_back_ends_there() -> None:
    """Nobody is there to answer, and no later turn answers it."""
    house = House(skills=[lamps([])])
    assert called(house, "turn_on", name="both").startswith("Which lamp")
