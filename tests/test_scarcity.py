"""Too many open files, no network at boot, a configuration that a newer version does not know: named, and survived."""

import resource
import socket
import subprocess
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running import CONFIG, PATIENCE, Home
from tests.test_full_disk import SAID, TURN

UNSHARE = ["unshare", "--map-root-user", "--net"]
"""A network of its own, in which not even the loopback interface is up."""


def test_too_many_open_files_are_named_and_survived(house: Home) -> None:
    house.write(CONFIG, turns=TURN)
    with house.daemon() as daemon, ExitStack() as stack:
        daemon.ready()
        where = urlsplit(daemon.address)
        assert where.hostname
        first = HTTPConnection(where.hostname, where.port, timeout=PATIENCE)
        stack.callback(first.close)
        first.connect()
        first.request("GET", "/healthz")
        assert first.getresponse().read()
        used = len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (used + 3, used + 3))
        with ExitStack() as crowd:
            for _ in range(10):
                crowd.enter_context(socket.create_connection((where.hostname, where.port)))
            daemon.logged("too many files and connections are open")
            first.request("GET", "/plugins/turns/turn", headers={"Authorization": f"Bearer {house.key}"})
            assert first.getresponse().status == 200
        assert daemon.ask("/plugins/turns/turn") == SAID
        assert daemon.log.count("too many files") == 1
        assert "Traceback" not in daemon.log
        assert daemon.stop() == 0


def test_without_any_network_it_starts_and_answers(house: Home) -> None:
    if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs namespaces of users")
    with house.daemon(before=UNSHARE) as daemon:
        daemon.logged("daemon: ready")
        assert "Traceback" not in daemon.log
        assert "ERROR" not in daemon.log
        asked = house.run("ask", "Hello?", before=daemon.inside())
        assert asked.stdout.strip() == "Hello there.", asked.stderr
        assert daemon.stop() == 0


def test_a_configuration_that_a_newer_version_does_not_know_any_more_leaves_all_as_it_is(house: Home) -> None:
    assert house.run("ask", "Hello?").returncode == 0
    before = {file: file.read_bytes() for file in house.folder.rglob("*") if file.is_file()}
    (house.folder / "config" / "assistant.yaml").write_text(CONFIG + "conversaton: {expiry: 5}\n")
    done = house.run("run")
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 2
    assert "conversaton: there is no such key" in done.stderr
    assert "did you mean 'conversation'?" in done.stderr
    (house.folder / "config" / "assistant.yaml").write_text(CONFIG)
    after = {file: file.read_bytes() for file in house.folder.rglob("*") if file.is_file()}
    assert {f: data for f, data in after.items() if "__pycache__" not in f.parts} == {
        f: data for f, data in before.items() if "__pycache__" not in f.parts
    }
