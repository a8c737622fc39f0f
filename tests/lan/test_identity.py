"""The id that stays and the names that people see."""

from pathlib import Path

import pytest

from assistant.errors import ServiceError
from assistant.lan.identity import instance_id, is_id, label, shown_name


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    return tmp_path


def test_the_id_stays(home: Path) -> None:
    assert instance_id(make=False) == ""
    made = instance_id()
    assert is_id(made)
    assert instance_id() == instance_id(make=False) == made
    assert (home / "state" / "instance-id").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", ["", "short", "\x00" * 32, "G" * 32])
def test_a_damaged_id_is_made_again(home: Path, damage: str) -> None:
    first = instance_id()
    (home / "state" / "instance-id").write_text(damage)
    assert is_id(instance_id())
    assert instance_id() != first


def test_a_state_folder_that_is_none_is_named(home: Path) -> None:
    (home / "state").write_text("")
    with pytest.raises(ServiceError, match="instance-id"):
        instance_id()


def test_names_fit_into_a_label() -> None:
    id_ = "3f2a9c" + "0" * 26
    assert label("kitchen", id_) == "kitchen (3f2a9c)"
    assert label("kitchen", id_, 2) == "kitchen (3f2a9c-2)"
    assert label("v1.2", id_) == "v1 2 (3f2a9c)"
    for name in ("x" * 100, "ü" * 100, "🎤" * 100):
        assert len(label(name, id_, 9).encode()) <= 63
    assert shown_name("Küche") == "Küche"
    assert shown_name("")
