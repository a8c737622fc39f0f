"""A state that cannot be read: kept, said once, and begun anew."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.state import State
from assistant.state.damage import set_aside_if_damaged
from tests.running import Home


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """Make a database with something in it."""
    file = tmp_path / "state" / "assistant.db"
    async with State(file):
        pass
    with closing(sqlite3.connect(file)) as database, database:
        row = ("{}",) * 13
        database.executemany(
            "INSERT INTO receipts (turn, started, device, assistant, outcome, wake_word, wake_score, models, parts,"
            " voice_to_voice, prompt_tokens, cached_tokens, completion_tokens) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [(f"t{number}", *row[1:]) for number in range(500)],
        )
    return file


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def overwritten(content: bytes) -> bytes:
    return content[:4096] + b"\xff" * (len(content) - 4096)


def lost(content: bytes) -> bytes:
    return b""


def foreign(content: bytes) -> bytes:
    return b"this is no database" * 400


@pytest.mark.parametrize("damage", [truncated, overwritten, lost, foreign])
async def test_what_is_damaged_is_kept_under_a_name_that_says_when(file, damage, caplog) -> None:
    content = damage(file.read_bytes())
    file.write_bytes(content)
    aside = set_aside_if_damaged(file)
    assert aside is not None
    assert aside.name.startswith("assistant.db.damaged-20")
    assert aside.read_bytes() == content
    assert not file.exists()
    (said,) = caplog.records
    assert said.levelno == logging.ERROR
    assert aside.name in said.getMessage()
    async with State(file) as state:
        assert await state.receipts.latest() == []
    assert set_aside_if_damaged(file) is None


def test_what_is_well_or_not_there_stays(file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    assert set_aside_if_damaged(file) is None
    assert file.read_bytes() == content
    assert set_aside_if_damaged(tmp_path / "nothing.db") is None
    (tmp_path / "folder.db").mkdir()
    assert set_aside_if_damaged(tmp_path / "folder.db") is None


def test_a_daemon_with_a_damaged_state_comes_up(house: Home) -> None:
    (house.folder / "state").mkdir()
    (house.folder / "state" / "assistant.db").write_bytes(b"nonsense" * 1000)
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.log.count("is damaged") == 1
        assert daemon.stop() == 0
    (aside,) = (house.folder / "state").glob("assistant.db.damaged-*")
    assert aside.read_bytes() == b"nonsense" * 1000
    with house.daemon() as daemon:
        daemon.ready()
        assert "damaged" not in daemon.log
        assert house.json("ask", "Hello?")
