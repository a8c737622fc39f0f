"""`assistant keys` and `assistant audit`, with and without a daemon (T26, T30, T40)."""

import json
import shutil
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from typing import Any

import pytest

from tests.certificates import certificate
from tests.running import CONFIG, OPEN, PATIENCE, Daemon, Home

pytestmark = pytest.mark.once


def told(house: Home, *options: str) -> list[dict[str, Any]]:
    """Return what the audit log tells, as another program reads it."""
    done = house.run("audit", "--json", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def status(daemon: Daemon, key: str, path: str) -> int:
    """Return what a program with a key is answered."""
    request = urllib.request.Request(daemon.address + path, headers={"Authorization": f"Bearer {key}"})
    try:
        with OPEN(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_t26_keys_are_made_without_a_daemon_and_taken_back_beside_one(house: Home) -> None:
    assert "there are none but the owner's own" in house.run("keys", "list").stdout
    made = house.run("keys", "create", "notes", "--scope", "home", "--scope", "chat", "--expires", "90d")
    key = made.stdout.removesuffix("\n")
    assert key.startswith("ink_")
    assert "\n" not in key
    assert "it is not shown again" in made.stderr
    again = house.run("keys", "create", "notes", "--scope", "chat")
    assert (again.returncode, again.stdout) == (1, "")
    assert "there is a key 'notes' already" in again.stderr
    with house.daemon() as daemon:
        daemon.ready()
        assert status(daemon, key, "/api/timers") == 200
        assert status(daemon, key, "/api/keys") == 403
        second = house.json("keys", "create", "second", "--scope", "home")["key"]
        assert status(daemon, second, "/api/timers") == 200
        listed = [(each["name"], each["scopes"], each["used"] is None) for each in house.json("keys", "list")]
        assert listed == [("notes", ["chat", "home"], False), ("second", ["home"], False)]
        assert house.run("keys", "revoke", "notes").stdout == "revoked: notes\n"
        assert status(daemon, key, "/api/timers") == 401
        assert status(daemon, second, "/api/timers") == 200
        assert "there is no key 'notes'" in house.run("keys", "revoke", "notes").stderr
        assert daemon.stop() == 0
        assert key not in daemon.log
    assert house.run("keys", "revoke", "second").returncode == 0
    assert house.json("keys", "list") == []
    kept = b"".join(file.read_bytes() for file in (house.folder / "state").glob("assistant.db*"))
    assert key.encode() not in kept
    assert second.encode() not in kept
    changes = [
        (line["event"], line["key"]) for line in told(house) if line["event"].startswith("key-") and "by" in line
    ]
    assert changes == [
        ("key-created", "notes"),
        ("key-created", "second"),
        ("key-revoked", "notes"),
        ("key-revoked", "second"),
    ]
    used = {(line["event"], line.get("key", "nobody's")) for line in told(house)}
    assert used >= {
        ("key-used", "notes"),
        ("key-refused", "notes"),
        ("key-refused", "nobody's"),
        ("key-used", "second"),
    }
    assert house.run("audit", "verify").stdout.startswith("right: ")


def test_t40_a_changed_audit_log_is_told(house: Home) -> None:
    assert "nothing was noted yet" in house.run("audit").stdout
    assert house.run("keys", "create", "notes", "--scope", "chat").returncode == 0
    assert house.run("keys", "revoke", "notes").returncode == 0
    assert [line["event"] for line in told(house, "--since", "1h")] == ["key-created", "key-revoked"]
    assert "key=notes" in house.run("audit").stdout
    with closing(sqlite3.connect(house.folder / "state" / "assistant.db")) as database, database:
        database.execute("UPDATE audit SET fields = replace(fields, 'notes', 'other')")
    done = house.run("audit", "verify")
    assert (done.returncode, done.stdout) == (71, "")
    assert "the entry 1 is not as it was written" in done.stderr
    assert house.run("audit", "--since", "soon").returncode == 2


def test_without_an_audit_log_nothing_is_kept_of_keys(house: Home) -> None:
    house.write(CONFIG + 'audit: {keep: ""}\n')
    assert house.run("keys", "create", "notes", "--scope", "chat").returncode == 0
    assert "audit.keep is empty" in house.run("audit").stdout
    assert told(house) == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make certificates with")
def test_t30_commands_ask_a_daemon_by_tls(house: Home) -> None:
    files = certificate(house.folder, "first")
    section = f"http: {{port: 0, certificate: {files.certificate}, certificate_key: {files.key}}}"
    house.write(CONFIG.replace("http: {port: 0}", section))
    with house.daemon() as daemon:
        assert daemon.logged(r"listening on (https?)://")[1] == "https"
        assert house.json("timers", "list") == []
        assert house.json("keys", "create", "notes", "--scope", "chat")["key"].startswith("ink_")
        assert daemon.stop() == 0
    assert [key["name"] for key in house.json("keys", "list")] == ["notes"]
    files.key.unlink()
    done = house.run("run")
    assert done.returncode == 78
    assert "http.certificate_key" in done.stderr
    assert len(done.stderr.splitlines()) == 2
