"""Which things of a house a question may be about, by its words."""

import pytest

from assistant.entities import Area, Entity
from assistant.home.relevance import relevant


def test_of_500_things_those_that_are_meant_come_first() -> None:
    areas = [Area(f"area_{i}", f"Room {i}") for i in range(40)] + [Area("attic", "Attic")]
    many = [Entity(f"light.lamp_{i}", f"Lamp {i}", area=f"area_{i % 40}") for i in range(500)]
    wanted = Entity("sensor.attic", "Hygrometer", area="attic", state="60")
    found = relevant("how damp is it in the attic", [*many, wanted], areas)
    assert found[0] == wanted
    assert relevant("who invented algebra", [*many, wanted], areas) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Desk lamp", "what do the lamps cost me"),
        ("Stehlampe", "was kosten mich die Stehlampen"),
        ("Fenster", "warum beschlagen die Fenster"),
        ("Lampe de chevet", "combien consomment les lampes"),
        ("Lámpara", "cuánto gastan las lámparas"),
    ],
)
def test_several_are_meant_by_the_word_for_one(name: str, text: str) -> None:
    things = [Entity("sensor.other", "Power meter"), Entity("sensor.thing", name)]
    assert relevant(text, things, []) == [things[1]]
