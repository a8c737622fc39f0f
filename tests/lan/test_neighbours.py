"""The list of who is on the network: bounded, clean, and slow to believe."""

import pytest

from assistant.lan.neighbours import KINDS, MOST, Neighbour, Neighbours, described
from assistant.lan.text import clean

TYPE = "_inglenook._tcp.local."
ID, OTHER = "0" * 32, "1" * 32


def peer(name: str, id_: str = ID, *addresses: str) -> Neighbour:
    return described(TYPE, f"{name}.{TYPE}", [*addresses], 8420, {b"id": id_.encode()})


def test_what_strangers_write_is_cleaned_and_bounded() -> None:
    made = described(
        TYPE,
        f"a\x1b[2J\x07\u202eb.{TYPE}",
        ["fe80::1%2", "fd00::1", *[f"10.0.0.{n}" for n in range(20)]],
        8420,
        {b"name": b"\xff\x9b" + b"x" * 5000, b"none": None, **{f"k{n}".encode(): b"v" for n in range(100)}},
    )
    assert made.name == "a\ufffd[2J\ufffd\ufffdb"
    assert made.addresses == tuple(f"10.0.0.{n}" for n in (0, 1, 10, 11, 12, 13, 14, 15))
    assert len(made.properties) == 16
    assert len(made.properties["name"]) == 200
    assert made.properties["name"].endswith("…")
    assert made.properties["none"] == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Küche 厨房 🎤", "Küche 厨房 🎤"),
        ("one\ntwo\rthree", "one\ufffdtwo\ufffdthree"),
        ("\u2066\u200f\u2028\ue000\udc80", "\ufffd" * 5),
        ("x" * 11, "x" * 9 + "…"),
        ("x" * 10, "x" * 10),
    ],
)
def test_text_is_fit_for_a_terminal(text: str, shown: str) -> None:
    assert clean(text, 10) == (shown if len(shown) <= 10 else clean(shown, 10))


def test_what_is_new_is_told_once() -> None:
    table = Neighbours()
    found = table.see(TYPE, "a", peer("a"))
    assert found
    assert found.change == "found"
    assert table.see(TYPE, "a", peer("a")) is None
    moved = table.see(TYPE, "a", peer("a", ID, "10.0.0.1"))
    assert moved
    assert (moved.change, moved.neighbour.doubt) == ("changed", "")
    gone = table.lose(TYPE, "a")
    assert gone
    assert gone.change == "gone"
    assert table.lose(TYPE, "a") is None


def test_a_taken_id_replaces_nobody() -> None:
    table = Neighbours()
    table.see(TYPE, "real", peer("real"))
    table.see(TYPE, "rogue", peer("rogue"))
    assert [(n.name, n.doubt) for n in table] == [("real", ""), ("rogue", "has the id of real")]
    table.lose(TYPE, "real")
    table.see(TYPE, "rogue", peer("rogue", ID, "10.0.0.6"))
    assert [n.doubt for n in table] == ["has the id of real"]


def test_an_id_that_changes_or_is_none_is_doubted() -> None:
    table = Neighbours()
    table.see(TYPE, "a", peer("a"))
    table.see(TYPE, "a", peer("a", OTHER))
    table.see(TYPE, "b", peer("b", "DROP TABLE"))
    assert [n.doubt for n in table] == [f"had the id {ID} before", "has no valid id"]


def test_a_flood_of_one_kind_leaves_room_for_the_others() -> None:
    table = Neighbours()
    for n in range(1000):
        if table.has_room(TYPE, f"rogue {n}"):
            table.see(TYPE, f"rogue {n}", peer(f"rogue {n}", f"{n:032x}"))
    assert len(list(table)) == MOST
    assert table.left_out == 1000 - MOST
    assert all(table.has_room(other, "a") for other in KINDS if other != TYPE)
    assert table.has_room(TYPE, "rogue 0")
    table.lose(TYPE, "rogue 0")
    assert table.has_room(TYPE, "late")
