"""`assistant lists`, beside what was said, in processes of their own."""

from tests.running import Home


def test_lists_are_printed_changed_and_kept(house: Home) -> None:
    assert house.run("lists").stdout == "There are no lists.\n"
    assert house.json("lists", "Shopping", "--add", "milk", "--add", "eggs", "--add", "Milk") == {
        "shopping": ["milk", "eggs"]
    }
    assert house.json("lists", "shopping", "--remove", "milk") == {"shopping": ["eggs"]}
    house.json("lists", "packing", "--add", "tent")
    assert house.run("lists").stdout == "shopping:\n  eggs\npacking:\n  tent\n"
    assert house.run("lists", "todo").stdout == "There is nothing on it.\n"
    assert house.run("lists", "--add", "milk").returncode == 2


def test_what_is_on_lists_is_told_by_privacy_and_forgotten(house: Home) -> None:
    house.json("lists", "shopping", "--add", "flowerpots-by-the-dozen")
    (database,) = (row for row in house.json("privacy")["kept"] if row["what"].startswith("database"))
    assert "1 things on lists" in database["what"]
    assert database["content"]
    assert house.json("forget", "--all")["items"] == 1
    assert house.json("lists") == {}
    for file in (house.folder / "state").rglob("*"):
        assert not file.is_file() or b"flowerpots" not in file.read_bytes()


def test_lists_come_back_with_a_backup(house: Home) -> None:
    house.json("lists", "shopping", "--add", "milk")
    archive = str(house.folder / "kept.archive")
    house.json("backup", "create", archive)
    house.json("lists", "shopping", "--remove", "milk")
    assert house.json("lists") == {}
    house.json("backup", "restore", archive)
    assert house.json("lists") == {"shopping": ["milk"]}
