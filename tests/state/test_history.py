"""What was said is kept where the owner wants it, for as long, and forgotten so that no byte stays."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from assistant import ServiceError
from assistant.pipeline.conversation import Exchange
from assistant.state import State, forgetting, migrations
from assistant.state.forgetting import ALL, Extent
from tests.test_state import receipt

SECRET = "the spare key lies under the third flowerpot"
HEARD = "I will tell nobody about the flowerpot"


def exchange(turn: str, started: float, said: str = SECRET) -> Exchange:
    return Exchange(turn, started, "room", "jarvis", said, HEARD)


def files_with(folder: Path, *texts: str) -> list[str]:
    """Return the names of the files below a folder whose bytes contain one of the texts."""
    return [
        file.name
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(text.encode() in file.read_bytes() for text in texts)
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "assistant.db"


async def test_nothing_is_kept_unless_a_time_is_given(file: Path) -> None:
    async with State(file) as state:
        state.history.keeping(0)(exchange("t1", time.time()))
        assert await state.history.latest() == []
    assert not files_with(file.parent, SECRET)


async def test_what_is_kept_comes_back_the_newest_first(file: Path) -> None:
    async with State(file) as state:
        keep = state.history.keeping(60)
        for number in range(3):
            keep(exchange(f"t{number}", float(number)))
    async with State(file) as state:
        assert await state.history.latest(2) == [exchange("t2", 2.0), exchange("t1", 1.0)]


async def test_what_is_older_than_was_wanted_is_deleted_for_good(file: Path) -> None:
    now = time.time()
    async with State(file) as state:
        keep = state.history.keeping(3600)
        keep(exchange("old", now - 3700))
        keep(exchange("new", now - 3500, "what is the time"))
        assert await state.history.purge(3600) == 1
        assert [kept.turn for kept in await state.history.latest()] == ["new"]
        assert not files_with(file.parent, SECRET)


async def test_what_was_kept_goes_when_nothing_is_to_be_kept_any_more(file: Path) -> None:
    async with State(file) as state:
        state.history.keeping(3600)(exchange("t1", time.time() + 1e6))
        await state.history.expire(0)
        assert await state.history.latest() == []
        assert not files_with(file.parent, SECRET)


async def test_forgetting_everything_leaves_no_byte(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with State(file) as state:
        keep = state.history.keeping(3600)
        for number in range(200):
            keep(exchange(f"t{number}", time.time()))
            state.receipts.keep(receipt(number))
        await state.history.latest()
        assert files_with(file.parent, SECRET)
    step = "ALTER TABLE history ADD COLUMN language TEXT"
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, step))
    damaged = file.with_name("assistant.db.damaged-20260101-000000")
    packed = file.parent / forgetting.BACKUPS / "before-0.2.0.tar.gz"
    packed.parent.mkdir()
    for copy in (damaged, packed):
        copy.write_text(SECRET)
    async with State(file) as state:
        assert len(files_with(file.parent, SECRET)) >= 4  # the database, what was before the migration, two copies
        forgotten = await state.forget(ALL)
        assert (forgotten.exchanges, forgotten.receipts) == (200, 200)
        assert forgotten.files == (damaged.name, packed.name)
        assert not files_with(file.parent, SECRET, HEARD)
        assert await state.receipts.latest() == []
    assert not files_with(file.parent, SECRET, HEARD)
    (backup,) = file.parent.glob("*.bak")
    with closing(sqlite3.connect(backup)) as old:
        assert old.execute("SELECT count(*) FROM history").fetchone() == (0,)


async def test_forgetting_the_last_hours_keeps_what_was_before(file: Path) -> None:
    now = time.time()
    old_copy = file.with_name("assistant.db.damaged-20260101-000000")
    async with State(file) as state:
        keep = state.history.keeping(1e6)
        keep(exchange("before", now - 9000, "how warm is it"))
        keep(exchange("after", now - 3000))
        old_copy.write_text("from long ago")
        os.utime(old_copy, (now - 9000, now - 9000))
        forgotten = await state.forget(Extent(now - 7200))
        assert (forgotten.exchanges, forgotten.files) == (1, ())
        assert [kept.turn for kept in await state.history.latest()] == ["before"]
        assert old_copy.exists()
        assert not files_with(file.parent, SECRET)


async def test_another_process_may_read_while_things_are_forgotten(file: Path) -> None:
    async with State(file) as state, State(file) as other:
        state.history.keeping(60)(exchange("t1", 1.0))
        assert await state.history.latest()
        assert await other.history.latest()
        assert (await other.forget(ALL)).exchanges == 1
        assert await state.history.latest() == []
        assert not files_with(file.parent, SECRET)


async def test_a_database_that_somebody_holds_is_said(file: Path) -> None:
    async with State(file) as state:
        state.history.keeping(60)(exchange("t1", 1.0))
        await state.history.latest()
        with closing(sqlite3.connect(file)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(ServiceError, match="cannot be written"):
                await state.forget(ALL)
        assert (await state.forget(ALL)).exchanges == 1
