"""A state folder on a disk that is really full: the home's assistant answers, and says once that nothing is kept."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import CONFIG, Home, settled

TURN = """
from aiohttp import web
from assistant import hookimpl

@hookimpl
def assistant_routes(host):
    async def turn(request):
        answer = await host.run_turn("Hello?")
        return web.json_response({"text": answer.text})
    return [web.get("/turn", turn)]
"""
SAID = (200, {"text": "Hello there."})


@pytest.fixture
def small(house: Home) -> Iterator[Path]:
    """Put the state on a disk of one megabyte."""
    house.write(CONFIG + "history: {keep: 7d}\n", turns=TURN)
    folder = house.folder / "state"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room on the disk of a folder."""
    file = folder / "full"
    with file.open("wb", buffering=0) as out:
        for size in (65_536, 4096, 1):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                continue
    assert not os.statvfs(folder).f_bavail
    return file


def test_turns_go_on_when_the_disk_fills_up_and_it_is_said_once(house: Home, small: Path) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.ask("/plugins/turns/turn") == SAID
        settled(lambda: True if house.json("receipts") else None)  # it is kept soon, not at once
        full = fill(small)
        for _ in range(20):
            assert daemon.ask("/plugins/turns/turn") == SAID
        daemon.logged("is not kept: (database or disk is full|disk I/O error)")
        assert daemon.log.count("is not kept") == 1
        full.unlink()
        assert daemon.ask("/plugins/turns/turn") == SAID
        daemon.logged("what happens is kept again")
        settled(lambda: True if len(house.json("receipts", "-n", "99")) >= 2 else None)
        assert "Traceback" not in daemon.log
        assert daemon.stop() == 0


def test_what_was_kept_is_whole_after_a_full_disk_and_a_kill(house: Home, small: Path) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        for _ in range(5):
            assert daemon.ask("/plugins/turns/turn") == SAID
        assert len(house.json("receipts")) == 5
        fill(small)
        for _ in range(5):
            assert daemon.ask("/plugins/turns/turn") == SAID
    (small / "full").unlink()
    with house.daemon() as daemon:
        daemon.ready()
        assert "damaged" not in daemon.log
        assert len(house.json("receipts")) >= 5
        assert daemon.stop() == 0


def test_a_daemon_comes_up_on_a_full_disk(house: Home, small: Path) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.ask("/plugins/turns/turn") == SAID
        assert daemon.stop() == 0
    full = fill(small)
    with house.daemon() as daemon:
        daemon.ready()
        assert daemon.ask("/plugins/turns/turn") == SAID
        assert daemon.stop() == 0
    full.unlink()
    assert len(house.json("receipts")) == 1
