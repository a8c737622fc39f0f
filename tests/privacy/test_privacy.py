"""What is said about what is kept is true: sizes, readers, ways out, and connections that are really open."""

import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest

from assistant.privacy import connections, readers
from tests.running import CONFIG, Home

REMOTE = """
from assistant import Capabilities, Kind, hookimpl
from assistant.testing import FakeChat, fake_spec

@hookimpl
def assistant_engines():
    return [fake_spec("far-away", Kind.CHAT, FakeChat(["Hello."]), Capabilities(local=False))]
"""


def row(answer: dict[str, Any], what: str) -> dict[str, Any]:
    (found,) = [row for row in answer["kept"] if row["what"].startswith(what)]
    return found


def test_a_home_that_keeps_nothing_of_what_was_said_says_so(house: Home) -> None:
    assert house.run("ask", "Where is the flowerpot?").returncode == 0
    answer = house.json("privacy")
    database = row(answer, "database: nothing of what was said (history.keep is not set); 0 things on lists")
    assert "; 0 timers and reminders; 0 learnt paraphrases; 1 receipts" in database["what"]
    assert "; 0 keys (digests); 0 entries of the audit log (keys, tools, times)" in database["what"]
    assert database["readers"] == "owner"
    assert not database["content"]
    assert database["size"] >= (house.folder / "state" / "assistant.db").stat().st_size
    assert answer["daemon"] is None
    assert answer["connections"] == []
    assert [way["what"] for way in answer["reach"]] == ["plugins"]
    assert str(house.folder / "data" / "plugins" / "fakes.py") in answer["reach"][0]["text"]
    assert house.run("privacy").returncode == 0


def test_what_is_kept_and_what_can_leave_is_counted_and_named(house: Home) -> None:
    config = CONFIG.replace("engine: fake-chat", "engine: far-away") + "history: {keep: 12h}\n"
    config = config.replace(
        "http: {port: 0}", "http: {port: 0, host: 0.0.0.0, key: a-key-of-the-tests, media: [a.example]}"
    )
    house.write(config, far=REMOTE)
    for _ in range(2):
        assert house.run("ask", "Where is the flowerpot?").returncode == 0
    (house.folder / "state" / "assistant.db.2.bak").write_bytes(b"x" * 1234)
    (house.folder / "state" / "assistant.db.2.bak").chmod(0o644)
    house.folder.chmod(0o755)
    for folder in (house.folder / "state", *house.folder.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    done = house.run("privacy")
    assert done.returncode == 1
    assert "assistant.db.2.bak can be read by everybody" in done.stderr
    (house.folder / "state" / "assistant.db.2.bak").chmod(0o600)
    answer = house.json("privacy")
    assert row(answer, "database: 2 things said, with their answers, since ")["content"]
    assert row(answer, "copy of the database")["size"] == 1234
    named = {way["what"]: way["direction"] for way in answer["reach"]}
    ways = {"models.chat": "out", "http.host": "in", "lan.advertise": "out", "http.media": "out", "plugins": "out"}
    assert named == ways


def test_a_running_daemon_has_no_connection_to_another_machine(house: Home) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        answer = house.json("privacy")
        assert answer["daemon"] == daemon.process.pid
        assert answer["connections"] == []
        assert "to other machines now: none" in house.run("privacy").stdout
        assert daemon.stop() == 0


def test_a_connection_that_leaves_is_seen() -> None:
    """An address of documentation (RFC 5737) stands for the world; a datagram socket is connected without an answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as away, socket.create_server(("127.0.0.1", 0)) as server:
        try:
            away.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no way out at all")
        with socket.create_connection(server.getsockname()):
            found = connections(os.getpid())
        assert found is not None
        assert [(each.protocol, each.remote) for each in found] == [("udp", "192.0.2.1:9")]
    assert connections(os.getpid()) == []


def test_another_persons_process_is_not_looked_at() -> None:
    person = os.geteuid()
    if not person:
        os.seteuid(65534)
    try:
        assert connections(1) is None
    finally:
        os.seteuid(person)


@pytest.mark.parametrize(
    ("folder", "file", "who"),
    [
        (0o755, 0o644, "everybody"),
        (0o700, 0o644, "owner"),
        (0o755, 0o600, "owner"),
        (0o711, 0o604, "everybody"),
        (0o744, 0o604, "owner"),
    ],
)
def test_who_can_read_a_file_follows_from_all_folders_above_it(folder: int, file: int, who: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(folder)
        (path := Path(place, "file")).touch()
        path.chmod(file)
        assert readers(path) == who
