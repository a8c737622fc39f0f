"""What kind of service fits this machine: the system's on a box without a screen, a person's own on a desktop."""

import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from assistant.errors import ServiceError

__all__ = ["Kind", "Machine", "choose", "look"]

_BOOTED = Path("/run/systemd/system")
"""A folder that is there where systemd runs the machine (sd_booted(3))."""
_SOUND = ("pipewire-0", "pulse/native")
"""Sockets of a session's sound server, below its runtime folder; PipeWire makes the second one too."""


class Kind(StrEnum):
    """Whose service it is."""

    SYSTEM = "system"
    """The machine's: starts at boot, as a user of its own, and uses the sound card itself."""
    USER = "user"
    """A person's: runs in their session, and uses their sound server."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found of this machine and of who asks."""

    systemd: int
    """Version of the systemd that runs it; 0 for none."""
    root: bool
    """Whether the one who asks may change the system."""
    person: int
    """User id of the person who asks, seen through sudo."""
    sound: str
    """Socket of that person's sound server; empty where none runs."""
    lingers: bool
    """Whether that person's services run without a login."""


def look() -> Machine:
    """Look at this machine."""
    root = os.geteuid() == 0
    person = int(os.environ.get("SUDO_UID", "0")) if root else os.getuid()
    here = os.environ.get("XDG_RUNTIME_DIR", "")
    runtime = Path(here) if here and person == os.geteuid() else Path(f"/run/user/{person}")
    sockets = [str(runtime / name) for name in _SOUND if _is_socket(runtime / name)]
    return Machine(_version(), root, person, next(iter(sockets), ""), _lingers(person))


def choose(machine: Machine, asked: Kind | None) -> tuple[Kind, str]:
    """Return the kind of service that was *asked* for, or else the one that fits, and why; raises ServiceError.

    A sound card belongs to one program: where a session's sound server has it, only that session's programs hear.
    """
    if not machine.systemd:
        raise ServiceError(
            "systemd does not run this machine, so there is nobody to install a service at",
            hint="start `assistant run` by what does, and see docs/operations.md for exit codes and signals",
        )
    if machine.sound:
        kind, why = Kind.USER, f"a session's sound server has the microphone ({machine.sound})"
    else:
        kind, why = Kind.SYSTEM, "no session's sound server is here: the service uses the sound card itself"
    if asked is not None:
        kind, why = asked, "as you asked" if asked is kind else f"as you asked, although {why}"
    if kind is Kind.SYSTEM and not machine.root:
        raise ServiceError(
            f"the system service fits ({why}), but only root can install it",
            hint=f"sudo {Path(sys.argv[0]).resolve()} service install --system, or choose --user for one of your own",
        )
    if kind is Kind.USER and machine.root and machine.person:
        raise ServiceError(
            f"the service of the person fits ({why}), and root is not that person",
            hint="call it without sudo, or choose --system",
        )
    return kind, why


def _version() -> int:
    if not _BOOTED.is_dir() or (systemctl := shutil.which("systemctl")) is None:
        return 0
    told = subprocess.run([systemctl, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"systemd (\d+)", told)
    return int(found[1]) if found else 0


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False


def _lingers(person: int) -> bool:
    """Say whether logind starts a person's services at boot (loginctl(1) keeps a file for each who has asked)."""
    try:
        return Path("/var/lib/systemd/linger", pwd.getpwuid(person).pw_name).exists()
    except KeyError:
        return False
