"""What survives a restart, a kill, a damaged file and two processes at once."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from assistant import ServiceError, Usage
from assistant.pipeline.receipt import Action, Drafting, Receipt
from assistant.state import State, migrations
from assistant.state import receipts as table


def receipt(number: int) -> Receipt:
    return Receipt(
        turn=f"t{number}",
        started=float(number),
        device="room",
        assistant="jarvis",
        outcome="answered",
        wake_word="hey_jarvis",
        wake_score=0.75,
        models={"stt": "whisper", "chat": "smollm"},
        parts={"endpoint": 0.7, "transcript": 0.25},
        usage=Usage(10, 5, 20),
        work={"transcript": 0.1, "sound": 0.2},
        drafting=Drafting(2, True, 0.25),
        certainty=0.75,
        actions=(Action("unlock_door", "sensitive", "ok", confirmed=True), Action("weather", "read", "failed")),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "assistant.db"


@asynccontextmanager
async def opened(file: Path) -> AsyncGenerator[State, None]:
    state = State(file)
    try:
        await state.open()
        yield state
    finally:
        await state.close()


async def refused(file: Path, says: str) -> ServiceError:
    with pytest.raises(ServiceError, match=says) as error:
        async with opened(file):
            pass
    assert str(file) in str(error.value)
    assert error.value.hint
    return error.value


async def test_receipts_come_back_whole_the_newest_first(file: Path) -> None:
    async with opened(file) as state:
        for number in range(5):
            state.receipts.keep(receipt(number))
        assert await state.receipts.latest(3) == [receipt(4), receipt(3), receipt(2)]
    async with opened(file) as state:
        assert len(await state.receipts.latest(100)) == 5


async def test_the_file_is_its_owners_only(file: Path) -> None:
    async with opened(file) as state:
        state.receipts.keep(receipt(1))
        await state.receipts.latest()
        assert file.parent.stat().st_mode & 0o077 == 0
        assert {path.stat().st_mode & 0o077 for path in file.parent.iterdir()} == {0}


async def test_only_so_many_receipts_are_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_MOST", 10)
    async with opened(file) as state:
        for number in (*range(20, 30), *range(20)):
            state.receipts.keep(receipt(number))
        kept = await state.receipts.latest(100)
    assert [r.turn for r in kept] == [f"t{number}" for number in range(19, 9, -1)]  # whatever the clock said


async def test_a_receipt_that_comes_too_late_fails_no_turn(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(file) as state:
        pass
    state.receipts.keep(receipt(1))
    assert "t1 is not kept" in caplog.text


async def test_a_database_that_fails_fails_no_turn(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(file) as state:
        with closing(sqlite3.connect(file)) as other:
            other.execute("DROP TABLE receipts")
        state.receipts.keep(receipt(1))
        with pytest.raises(ServiceError, match="cannot be read"):
            await state.receipts.latest()
    assert "t1 is not kept: no such table" in caplog.text


# -- files that cannot be used ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_damaged_is_named_and_left_alone(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    asyncio.run(refused(file, "cannot be opened"))
    assert file.read_bytes() == content


async def test_a_folder_that_cannot_be_written_is_named() -> None:
    await refused(Path("/proc/inglenook/assistant.db"), "cannot be opened")


def test_a_folder_in_the_place_of_the_file_is_named(file: Path) -> None:
    file.mkdir(parents=True)
    asyncio.run(refused(file, "cannot be opened"))


# -- migrations ------------------------------------------------------------------------------------------------------


async def test_a_file_of_a_newer_version_is_refused_and_left_alone(file: Path) -> None:
    async with opened(file):
        pass
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version = 99")
    error = await refused(file, "newer version")
    assert "upgrade" in error.hint
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)


NEXT = "ALTER TABLE receipts RENAME COLUMN device TO place; CREATE TABLE more (x INTEGER);"


async def test_a_migration_goes_forward_and_leaves_a_backup(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(file) as state:
        state.receipts.keep(receipt(1))
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, NEXT))
    async with opened(file) as state:
        assert [r.turn for r in await state.receipts.latest()] == ["t1"]
    before = len(migrations.MIGRATIONS) - 1
    backup = file.with_name(f"assistant.db.{before}.bak")
    assert backup.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(backup)) as old, closing(sqlite3.connect(file)) as new:
        assert old.execute("PRAGMA user_version").fetchone() == (before,)
        assert old.execute("SELECT turn, device FROM receipts").fetchall() == [("t1", "room")]
        assert new.execute("PRAGMA user_version").fetchone() == (before + 1,)
        assert new.execute("SELECT turn, place FROM receipts").fetchall() == [("t1", "room")]


async def test_receipts_of_the_first_version_are_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = migrations.MIGRATIONS
    monkeypatch.setattr(migrations, "MIGRATIONS", steps[:1])
    async with opened(file):
        pass
    with closing(sqlite3.connect(file)) as database, database:
        row = ("t1", 1.0, "room", "jarvis", "answered", "", 0.0, "{}", '{"endpoint": 0.7}', 0.7, 1, 2, 3)
        database.execute(f"INSERT INTO receipts VALUES ({', '.join('?' * len(row))})", row)
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    async with opened(file) as state:
        (old,) = await state.receipts.latest()
    assert (old.turn, dict(old.parts), old.usage) == ("t1", {"endpoint": 0.7}, Usage(1, 2, 3))
    assert (dict(old.work), old.drafting, old.certainty) == ({}, Drafting(), None)


async def test_a_migration_that_fails_changes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(file) as state:
        state.receipts.keep(receipt(1))
    released = migrations.MIGRATIONS
    monkeypatch.setattr(migrations, "MIGRATIONS", (*released, f"{NEXT} CREATE NONSENSE;"))
    await refused(file, "cannot be opened")
    monkeypatch.setattr(migrations, "MIGRATIONS", released)
    async with opened(file) as state:
        assert await state.receipts.latest() == [receipt(1)]


async def test_two_who_start_at_once_migrate_once(file: Path) -> None:
    states = [State(file) for _ in range(6)]
    await asyncio.gather(*(state.open() for state in states))
    for number, state in enumerate(states):
        state.receipts.keep(receipt(number))
    for state in states:
        await state.close()
    async with opened(file) as state:
        assert len(await state.receipts.latest(100)) == 6


# -- other processes -------------------------------------------------------------------------------------------------

WRITER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from assistant.state import State
from tests.test_state import receipt

async def main():
    state = State(Path(sys.argv[1]))
    await state.open()
    number = 0
    while True:
        state.receipts.keep(receipt(number))
        await state.receipts.latest(1)
        print(number, flush=True)
        number += 1

asyncio.run(main())
"""


def test_what_was_written_survives_a_kill_while_others_read(file: Path) -> None:
    root = str(Path(__file__).parents[1])
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(file), root], stdout=subprocess.PIPE)
    assert process.stdout is not None
    output = process.stdout

    async def read_along() -> int:
        written = int(output.readline())
        async with opened(file) as reader:
            while written < 50:
                written = int(output.readline())
                assert (await reader.receipts.latest(1))[0].started >= written
        return written

    async def read_afterwards(written: int) -> None:
        async with opened(file) as state:
            kept = await state.receipts.latest(100_000)
            assert kept[0].started >= written
            assert len(kept) == kept[0].started + 1
            state.receipts.keep(receipt(100_000))
            assert (await state.receipts.latest(1))[0].turn == "t100000"

    try:
        written = asyncio.run(read_along())
        process.kill()
        rest = output.read().split()
    finally:
        process.kill()
        process.communicate()
    asyncio.run(read_afterwards(int(rest[-1]) if rest else written))
