"""The power goes fifty times while the state is written: the database stays whole, and nothing kept is lost."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

CUTS = 50

WRITER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from assistant.state import State
from tests.test_state import receipt

async def main(number):
    async with State(Path(sys.argv[1])) as state:
        while True:
            state.receipts.keep(receipt(number))
            assert (await state.receipts.latest(1))[0].turn == f"t{number}"
            print(number, flush=True)  # from here on somebody counts on it
            number += 1

asyncio.run(main(int(sys.argv[3])))
"""


def test_fifty_power_cuts_lose_nothing(tmp_path: Path) -> None:
    chance = random.Random(1)
    file = tmp_path / "state" / "assistant.db"
    kept = 0
    for cut in range(CUTS):
        command = [sys.executable, "-c", WRITER, str(file), str(Path(__file__).parents[2]), str(kept)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as writer:
            assert writer.stdout is not None
            told = [writer.stdout.readline() for _ in range(chance.randrange(20))]
            os.killpg(writer.pid, signal.SIGKILL)  # in the middle of a write, or of opening
            told += writer.stdout.readlines()
        promised = max([kept, *(int(number) + 1 for number in told)])
        kept = _whole(file)
        assert kept >= promised, f"cut {cut}: {promised - kept} are lost"
    assert kept > CUTS


def _whole(file: Path) -> int:
    """Return how many receipts are there, of which none may be missing; the first cut may come before the file."""
    if not file.exists():
        return 0
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if database.execute("PRAGMA user_version").fetchone() == (0,):
            return 0
        turns = {turn for (turn,) in database.execute("SELECT turn FROM receipts")}
    assert turns == {f"t{number}" for number in range(len(turns))}
    return len(turns)
