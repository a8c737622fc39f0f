"""The audit log: what it tells, what it does not, and that a change of it shows (T40)."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from assistant.access.audit import Audit, Event, Record, broken
from assistant.state import State
from assistant.state import audit as table
from assistant.state.forgetting import ALL

HOSTILE = 'x\n{"event":"key-used"}\r\x1b[2J\x9b31m\u2028\u202e\0'
"""What would end a line, clear a terminal, or turn text around."""


async def entries(file: Path, count: int = 6) -> tuple[list[Record], int]:
    """Write a log and return it."""
    async with State(file) as state:
        audit = Audit(state.audit)
        for number in range(count):
            audit.record(Event.TOOL, tool=f"tool{number}", outcome="ok")
        return await state.audit.since(), await state.audit.last()


def change(file: Path, query: str, *values: object) -> None:
    """Change a log behind its back."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(query, values)


async def read(file: Path) -> tuple[list[Record], int]:
    async with State(file) as state:
        return await state.audit.since(), await state.audit.last()


async def test_t40_a_log_that_nobody_touched_is_right_over_restarts(tmp_path: Path) -> None:
    for _ in range(3):
        records, last = await entries(tmp_path / "assistant.db")
        assert broken(records, last) == ""
    assert [record.id for record in records] == list(range(1, 19))


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("UPDATE audit SET fields = replace(fields, 'ok', 'no') WHERE id = 3", "the entry 3 is not as it was written"),
        ("UPDATE audit SET at = at + 1 WHERE id = 3", "the entry 3 is not"),
        ("UPDATE audit SET event = 'act' WHERE id = 6", "the entry 6 is not"),
        ("UPDATE audit SET digest = (SELECT digest FROM audit WHERE id = 2) WHERE id = 3", "the entry 3 is not"),
        ("DELETE FROM audit WHERE id = 3", "the entries 3 to 3 are missing"),
        ("DELETE FROM audit WHERE id <= 2", "the entries 1 to 2 are missing"),
        ("DELETE FROM audit WHERE id >= 5", "the entries 5 to 6 are missing"),
        ("DELETE FROM audit", "every entry is missing, up to 6"),
        (
            "INSERT INTO audit SELECT 7, at, event, fields, digest FROM audit WHERE id = 6",
            "the entry 7 is not",
        ),
        ("UPDATE audit SET event = 'pruned', fields = '{}' WHERE id = 4", "the entry 4 is not"),
        ("""UPDATE audit SET event = 'pruned', fields = '{"through": "no"}' WHERE id = 4""", "the entry 4 is not"),
    ],
)
async def test_t40_a_change_of_the_log_shows(tmp_path: Path, query: str, says: str) -> None:
    file = tmp_path / "assistant.db"
    await entries(file)
    change(file, query)
    assert broken(*await read(file)).startswith(says)


async def test_t40_what_others_wrote_is_one_line_and_steers_no_terminal(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        audit = Audit(state.audit)
        audit.record(Event.KEY_REFUSED, address=f"{HOSTILE}\x7f", route="y" * 5000)
        (record,) = await state.audit.since()
    line = json.dumps(record.shown())
    assert record.fields.isascii()
    assert line.isprintable()
    assert record.shown()["address"] == HOSTILE
    assert record.shown()["route"] == "y" * 200


async def test_what_repeats_itself_is_told_once_a_minute(tmp_path: Path) -> None:
    now = 1_795_000_000.0
    async with State(tmp_path / "assistant.db") as state:
        audit = Audit(state.audit, lambda: now)
        for _ in range(100):
            for key in ("a", "b"):
                audit.seldom(Event.KEY_USED, ["key"], key=key, route="GET /")
        now += 60
        audit.seldom(Event.KEY_USED, ["key"], key="a", route="GET /")
        assert [record.shown()["key"] for record in await state.audit.since()] == ["a", "b", "a"]
        for number in range(5000):
            audit.seldom(Event.KEY_USED, ["key"], key=f"crowd{number}")
        assert len(audit._told) == 1000


async def test_what_is_too_old_goes_and_the_chain_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "assistant.db"
    long_ago = time.time() - 100 * 86_400
    async with State(file) as state:
        for at in (long_ago, time.time()):
            for _ in range(5):
                Audit(state.audit, lambda at=at: at).record(Event.TOOL, tool="t")  # type: ignore[misc]
        for _ in range(3):
            await state.audit.prune(90 * 86_400)
        Audit(state.audit).record(Event.TOOL, tool="last")
        records, last = await state.audit.since(), await state.audit.last()
    assert [record.id for record in records] == [6, 7, 8, 9, 10, 11, 12]
    assert [record.event for record in records].count("pruned") == 1
    assert broken(records, last) == ""
    change(file, "DELETE FROM audit WHERE id = 6")
    assert broken(*await read(file)) == "the entries 6 to 6 are missing"


async def test_when_all_is_too_old_the_chain_goes_on_too(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        for _ in range(5):
            Audit(state.audit, lambda: 1.0).record(Event.TOOL, tool="t")
        await state.audit.prune(60)
        records = await state.audit.since()
        assert [(record.id, record.event) for record in records] == [(6, "pruned")]
        assert broken(records, await state.audit.last()) == ""
        Audit(state.audit).record(Event.TOOL, tool="t")
        assert broken(await state.audit.since(), await state.audit.last()) == ""


async def test_there_are_so_many_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_MOST", 50)
    monkeypatch.setattr(table, "_BLOCK", 20)
    records, last = await entries(tmp_path / "assistant.db", 300)
    assert 50 <= len(records) <= 71
    assert broken(records, last) == ""


async def test_what_shall_not_be_kept_is_deleted_whole(tmp_path: Path) -> None:
    file = tmp_path / "assistant.db"
    await entries(file)
    async with State(file) as state:
        await state.audit.prune(0)
    assert await read(file) == ([], 0)
    records, last = await entries(file)
    assert (records[0].id, broken(records, last)) == (1, "")


async def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    file = tmp_path / "assistant.db"
    async with State(file) as daemon, State(file) as command:
        for _ in range(20):
            for state in (daemon, command):
                Audit(state.audit).record(Event.TOOL, tool="t")
    records, last = await read(file)
    assert len(records) == 40
    assert broken(records, last) == ""


async def test_forgetting_leaves_the_log_whole(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        Audit(state.audit).record(Event.TOOL, tool="t")
        await state.forget(ALL)
        assert broken(await state.audit.since(), await state.audit.last()) == ""
        assert len(await state.audit.since()) == 1
