"""One daemon for one state folder, whatever becomes of the process that had it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import AlreadyRunning, ConfigError, ServiceError
from assistant.state.lock import Owner, hold, owner
from tests.running import Home

HOLDER = """
import sys, time
from pathlib import Path
from assistant.state.lock import hold
with hold(Path(sys.argv[1])) as lock:
    lock.tell("http://127.0.0.1:8420")
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lock_is_held_by_one_and_given_back(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert owner(folder) is None
    with hold(folder) as lock:
        lock.tell("http://[::1]:8420")
        assert owner(folder) == Owner(os.getpid(), "http://[::1]:8420")
        with pytest.raises(AlreadyRunning, match=f"in use by process {os.getpid()}") as error, hold(folder):
            pass
        assert error.value.hint
        lock.tell("")
        assert owner(folder) == Owner(os.getpid())
    assert owner(folder) is None
    assert (folder / "daemon.lock").stat().st_mode & 0o077 == 0
    with hold(folder):
        pass


def test_a_holder_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert owner(tmp_path) == Owner(process.pid, "http://127.0.0.1:8420")
        with pytest.raises(AlreadyRunning, match=str(process.pid)), hold(tmp_path):
            pass
    finally:
        process.kill()
        process.communicate()
    assert owner(tmp_path) is None
    with hold(tmp_path):
        pass


def test_a_folder_that_cannot_be_used_is_named() -> None:
    with (
        pytest.raises(ServiceError, match="/proc/inglenook: the state folder cannot be used"),
        hold(Path("/proc/inglenook")),
    ):
        pass


def test_no_restart_helps_against_a_second_daemon() -> None:
    assert AlreadyRunning.exit_code not in (0, 1, ServiceError.exit_code, ConfigError.exit_code)


def test_a_second_daemon_ends_and_the_first_goes_on(house: Home) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        second = house.run("run")
        assert second.returncode == AlreadyRunning.exit_code
        first, hint = second.stderr.splitlines()[-2:]
        assert f"in use by process {daemon.process.pid}" in first
        assert "stop that one first" in hint
        assert "Traceback" not in second.stderr
        assert owner(house.folder / "state") == Owner(daemon.process.pid, daemon.address)
        assert daemon.ask("/healthz", key=False)[0] == 200
        assert daemon.stop() == 0
    assert owner(house.folder / "state") is None


def test_a_daemon_that_was_killed_hinders_nobody(house: Home) -> None:
    for _ in range(2):
        with house.daemon() as daemon:
            daemon.ready()
            daemon.stop(signal.SIGKILL)
