"""What can be taken back, and how several things are taken back as one."""

import pytest

from assistant.undo import Undo, Undos


def undoing(name: str, undone: list[str]) -> Undo:
    async def undo(language: str) -> str:
        undone.append(name)
        return f"{name} {language}."

    return undo


async def test_what_was_done_together_is_taken_back_together_the_last_first() -> None:
    undos, undone = Undos(), list[str]()
    undos.offer("room", undoing("earlier", undone))
    with undos.together("room"):
        undos.offer("room", undoing("lamp", undone))
        undos.offer("hall", undoing("elsewhere", undone))
        undos.offer("room", undoing("timer", undone))
    both, before = undos.take("room"), undos.take("room")
    assert both is not None and await both("en") == "timer en. lamp en." and undone == ["timer", "lamp"]
    assert before is not None and await before("en") == "earlier en." and undos.take("room") is None


async def test_what_was_done_before_an_error_can_be_taken_back() -> None:
    undos, undone = Undos(), list[str]()
    with pytest.raises(ValueError, match="third"), undos.together("room"):
        undos.offer("room", undoing("lamp", undone))
        undos.offer("room", undoing("timer", undone))
        raise ValueError("the third")
    undo = undos.take("room")
    assert undo is not None and await undo("de") == "timer de. lamp de."


async def test_one_thing_stays_as_it_is() -> None:
    undos, undone = Undos(), list[str]()
    lamp = undoing("lamp", undone)
    with undos.together("room"), undos.together("room"):
        undos.offer("room", lamp)
    assert undos.latest("room") is lamp
    with undos.together("room"):
        undos.take("room")
    assert undos.latest("room") is None
