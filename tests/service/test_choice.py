"""Which service fits: what is found, what is chosen, what is refused and what to do then."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant import ServiceError
from assistant.cli import Settings
from assistant.cli.service import service
from assistant.service import environment
from assistant.service import machine as looking
from assistant.service.environment import python_for
from assistant.service.machine import Kind, Machine, choose, look

BOX = Machine(systemd=255, root=True, person=0, sound="", lingers=False)
DESKTOP = Machine(systemd=255, root=False, person=1000, sound="/run/user/1000/pulse/native", lingers=False)


def test_a_box_without_a_sound_server_gets_the_system_service() -> None:
    kind, why = choose(BOX, None)
    assert kind is Kind.SYSTEM
    assert "sound card itself" in why


def test_a_desktop_gets_a_service_of_the_person() -> None:
    kind, why = choose(DESKTOP, None)
    assert kind is Kind.USER
    assert DESKTOP.sound in why


def test_what_was_asked_for_is_chosen_and_a_doubt_is_said() -> None:
    assert choose(BOX, Kind.USER) == (
        Kind.USER,
        "as you asked, although no session's sound server is here: the service uses the sound card itself",
    )
    assert choose(DESKTOP, Kind.USER) == (Kind.USER, "as you asked")


@pytest.mark.parametrize(
    ("machine", "asked", "says", "hint"),
    [
        (replace(BOX, systemd=0), None, "systemd does not run this machine", "assistant run"),
        (replace(BOX, root=False, person=1000), None, "only root", "--user"),
        (replace(DESKTOP, root=True), None, "root is not that person", "without sudo"),
        (DESKTOP, Kind.SYSTEM, "only root", "sudo"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(machine: Machine, asked: Kind | None, says: str, hint: str) -> None:
    with pytest.raises(ServiceError, match=says) as error:
        choose(machine, asked)
    assert hint in error.value.hint


def test_a_sound_server_is_known_by_its_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("SUDO_UID", raising=False)
    (tmp_path / "pulse").mkdir()
    (tmp_path / "pulse" / "native").touch()  # what a server left that has ended otherwise
    assert look().sound == ""
    (tmp_path / "pulse" / "native").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "pulse" / "native"))
        assert look().sound == str(tmp_path / "pulse" / "native")


def test_no_service_is_promised_where_systemd_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "_BOOTED", tmp_path / "none")
    result = CliRunner().invoke(service, ["install", "--dry-run"], obj=Settings(None, False))
    assert isinstance(result.exception, ServiceError)


def test_a_dry_run_shows_every_file_and_writes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "assistant.cli.service.look", lambda: replace(DESKTOP, root=os.geteuid() == 0, person=os.geteuid())
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = CliRunner().invoke(service, ["install", "--user", "--linger", "--dry-run"], obj=Settings(None, False))
    assert result.exception is None, result.output
    for shown in (
        f"write   {tmp_path}/systemd/user/inglenook.service",
        "enable-linger",
        "Type=notify",
        '/bin/assistant" run',
    ):
        assert shown in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_python_that_the_service_could_not_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python3"
    python.symlink_to("/usr/bin/true")
    monkeypatch.setattr(environment, "_HIDDEN", (tmp_path,))
    assert python_for(python) == python  # a link is well, if what it leads to is
    python.unlink()
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    with pytest.raises(ServiceError, match="could not read") as error:
        python_for(python)
    assert "--python" in error.value.hint
