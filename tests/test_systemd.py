"""What systemd is told, what the journal gets, and when the daemon takes itself for dead."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assistant import EngineTimeout
from assistant.daemon import supervision
from assistant.daemon.supervision import supervised
from assistant.streams import iterate_in_thread, patient
from assistant.systemd import log_to_journal, notify, watchdog


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Be systemd, and return what the daemon has said since the last question."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        def lines() -> list[str]:
            found: list[str] = []
            while True:
                try:
                    found += door.recv(4096).decode().splitlines()
                except BlockingIOError:
                    return found

        yield lines


def test_fields_are_told_as_lines(told: Callable[[], list[str]]) -> None:
    assert notify(READY="1", STATUS="a\nstatus  of two lines")
    assert told() == ["READY=1", "STATUS=a status of two lines"]


def test_an_abstract_socket_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"inglenook-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        assert notify(READY="1")
        assert door.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all"])
def test_without_systemd_nobody_is_told_and_nothing_fails(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not notify(READY="1")


@pytest.mark.parametrize(
    ("wanted", "process", "seconds"),
    [("3000000", None, 3.0), ("3000000", "1", 0.0), ("", None, 0.0), ("soon", None, 0.0), (None, None, 0.0)],
)
def test_the_watchdog_is_that_of_this_process(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None, process: str | None, seconds: float
) -> None:
    for name, value in (("WATCHDOG_USEC", wanted), ("WATCHDOG_PID", process or str(os.getpid()))):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert watchdog() == seconds


# -- the journal -----------------------------------------------------------------------------------------------------

LOGS = """
import logging, os, sys
if sys.argv[1] == "plain":
    sys.modules["systemd"] = None
status = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
from assistant.systemd import log_to_journal
assert log_to_journal()
logging.getLogger("house").error("the kettle\\nboils")
logging.getLogger("house").warning("over")
"""


def test_without_its_library_the_journal_gets_priorities() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        subprocess.run([sys.executable, "-c", LOGS, "plain"], stderr=theirs.fileno(), check=True)
        assert ours.recv(1000).decode().splitlines() == ["<3>house: the kettle", "<3>boils", "<4>house: over"]


def test_a_standard_error_that_was_redirected_is_not_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = logging.getLogger().handlers[:]
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    assert not log_to_journal()
    assert logging.getLogger().handlers == handlers


# -- supervision -----------------------------------------------------------------------------------------------------


class House:
    """What is supervised: models with a state, and the thread of the light engines."""

    def __init__(self) -> None:
        self.state = "opening"
        self.light = ThreadPoolExecutor(1)
        self.equipment = SimpleNamespace(light=self.light)

    def models(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(id="stt", engine="whisper", state=self.state)]

    def closed(self) -> list[str]:
        return [] if self.state == "open" else ["model stt"]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("WATCHDOG_USEC", "40000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    house = House()
    yield house
    house.light.shutdown()


async def until(told: Callable[[], list[str]], line: str) -> list[str]:
    """Return what is told up to a line."""
    found: list[str] = []
    async with asyncio.timeout(30):
        while line not in found:
            found += told()
            await asyncio.sleep(0.01)
    return found


async def test_the_stage_then_ready_then_the_end_are_told(house: Any, told: Callable[[], list[str]]) -> None:
    async with supervised(house, house.closed) as ready:
        before = await until(told, "WATCHDOG=1")
        assert before[:3] == ["STATUS=opening stt (whisper)", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=40000"]
        house.state = "failed"
        ready()
        assert "READY=1" not in before
        after = await until(told, "READY=1")
        assert "STATUS=ready, except model stt" in after
        house.state = "open"
        await until(told, "STATUS=ready")
    assert told()[-2:] == ["STOPPING=1", "STATUS=stopping"]


async def test_no_sign_of_life_is_given_while_the_light_engines_hang(house: Any, told: Callable[[], list[str]]) -> None:
    async with supervised(house, house.closed):
        await until(told, "WATCHDOG=1")
        hanging = house.light.submit(time.sleep, 0.4)
        await asyncio.sleep(0.1)
        told()
        await asyncio.sleep(0.1)
        assert hanging.done() or told() == []
        await until(told, "WATCHDOG=1")


async def test_no_sign_of_life_is_given_while_an_engine_hangs(
    house: Any, told: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervision, "_STUCK", 0.0)
    free = threading.Event()

    def words() -> Iterator[str]:
        free.wait()
        yield "late"

    async def hear() -> None:
        stream: AsyncGenerator[str, None] = patient(iterate_in_thread(words), 0.01, "model stt")
        async with aclosing(stream) as items:
            await anext(items)

    async with supervised(house, house.closed):
        await until(told, "WATCHDOG=1")
        with pytest.raises(EngineTimeout):
            await hear()
        await asyncio.sleep(0.1)
        told()
        await asyncio.sleep(0.1)
        assert told() == []
        assert caplog.text.count("model stt hangs in a native call") == 1
        free.set()
        await until(told, "WATCHDOG=1")
