"""Try a version before it is used: its daemon, on a copy of configuration and state, until everything is open."""

import json
import os
import pwd
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.backup import read_archive
from assistant.errors import ServiceError
from assistant.paths import data_folder
from assistant.state.lock import owner

__all__ = ["Person", "try_out"]

_PATIENCE = 600.0
"""Seconds after which a daemon that is not ready is taken to fail: slow boxes load large models slowly."""
_LOOK = 0.2
"""Seconds between two looks."""
_END = 15.0
"""Seconds that a daemon may take to end."""
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
_OWN = {"INGLENOOK__HTTP__PORT": "0", "INGLENOOK__HTTP__HOST": "127.0.0.1", "INGLENOOK__HTTP__ENABLED": "true"}
"""What differs from the configuration: a door of its own."""
_WITHOUT = {"INGLENOOK__DEVICES": "null", "INGLENOOK__SERVICES": "null"}
"""What is left out: nobody shall hear it, and its doors may be in use."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who a trial is run as: the owner of the state, whom root stands in for."""

    user: int
    """User id."""
    group: int
    """Group id."""

    @classmethod
    def owning(cls, folder: Path) -> "Person":
        """Return the owner of a folder."""
        owner = folder.stat()
        return cls(owner.st_uid, owner.st_gid)

    def options(self) -> dict[str, Any]:
        """Return what makes a child process theirs; nothing where it is anyway."""
        if os.geteuid() or self.user == os.geteuid():
            return {}
        return {
            "user": self.user,
            "group": self.group,
            "extra_groups": os.getgrouplist(pwd.getpwuid(self.user).pw_name, self.group),
        }

    def give(self, folder: Path) -> None:
        """Make all that is in a folder theirs."""
        if self.options():
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, self.user, self.group, follow_symlinks=False)


def try_out(environment: Path, backup: Path, person: Person) -> None:
    """Run the daemon of an environment on what is in a backup, until it is ready; then end it.

    Its microphone and speaker are opened as models are, but nobody is listened to. Raises ServiceError that says why
    it fails.
    """
    with tempfile.TemporaryDirectory(prefix="inglenook-trial-") as folder:
        home = Path(folder)
        read_archive(backup, home)
        (home / "data").symlink_to(data_folder().resolve())
        (home / "log").touch(0o600)
        person.give(home)
        kept = {name: value for name, value in os.environ.items() if name not in ("INGLENOOK_CONFIG", "NOTIFY_SOCKET")}
        if person.options():
            kept["HOME"] = pwd.getpwuid(person.user).pw_dir
        variables = kept | {"INGLENOOK_HOME": folder} | _OWN | _WITHOUT
        command = [str(environment / "bin" / "assistant"), "run"]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                command, env=variables, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **person.options()
            )
        try:
            _until_ready(process, home)
        finally:
            _end(process)


def _until_ready(process: subprocess.Popen[bytes], home: Path) -> None:
    until, missing = time.monotonic() + _PATIENCE, "it did not open its door"
    while time.monotonic() < until:
        if process.poll() is not None:
            raise ServiceError(f"the new version does not start (exit code {process.returncode}): {_said(home)}")
        running = owner(home / "state")
        if running and running.address:
            status, closed = _ask(f"{running.address}/readyz")
            if status == 200:
                return
            failed = {name: why for name, why in closed.items() if why not in ("opening", "closed")}
            if failed and len(failed) == len(closed):
                raise ServiceError(f"the new version is not ready: {_listed(failed)}")
            missing = _listed(closed) or missing
        time.sleep(_LOOK)
    raise ServiceError(f"the new version was not ready after {_PATIENCE:g} s: {missing}")


def _ask(address: str) -> tuple[int, dict[str, str]]:
    """Return the status of `/readyz`, and what is not open."""
    try:
        with _OPEN(address, timeout=10.0) as answer:
            return int(answer.status), {}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error).get("not_open", {})
    except (OSError, ValueError):
        return 0, {}


def _listed(names: dict[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in names.items())


def _said(home: Path) -> str:
    """Return the last lines that a daemon has logged."""
    lines = (home / "log").read_text("utf-8", "replace").strip().splitlines()
    return " / ".join(line.strip() for line in lines[-2:]) or "it said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
