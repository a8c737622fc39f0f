"""A person's own service: a unit that starts the command of this very environment."""

import os
import pwd
import sys
import sysconfig
from pathlib import Path

from assistant.errors import ServiceError
from assistant.service import places
from assistant.service.machine import Machine
from assistant.service.plan import Change, Command, File, Plan, Removal
from assistant.service.units import user_unit_text

__all__ = ["user_install", "user_uninstall"]

_LEADING = ("INGLENOOK_HOME", "INGLENOOK_CONFIG")
"""Variables that say where things are: what leads the person's commands there leads the service there too."""
_SYSTEMCTL = ("systemctl", "--user")


def user_install(machine: Machine, *, linger: bool) -> Plan:
    """Return the steps to a person's service; *linger* lets it run without a login. Raises ServiceError."""
    variables = {name: os.environ[name] for name in _LEADING if os.environ.get(name)}
    steps: list[Change] = [
        File(places.user_unit(), user_unit_text(machine.systemd, _command(), variables)),
        Command((*_SYSTEMCTL, "daemon-reload"), "read the unit"),
        Command((*_SYSTEMCTL, "enable", "inglenook.service"), "start it at login"),
        Command((*_SYSTEMCTL, "restart", "--no-block", "inglenook.service"), "start it now"),
    ]
    if linger and not machine.lingers:
        person = pwd.getpwuid(
            machine.person
        ).pw_name  # by name: who came by ssh or su may have no session to be known by
        steps.append(Command(("loginctl", "enable-linger", person), "let it run from boot, without a login"))
    return Plan(tuple(steps), ("how it does: assistant service status; its log: journalctl --user -u inglenook",))


def user_uninstall() -> Plan:
    """Return the steps that take a person's service away; configuration, models and state stay."""
    return Plan(
        (
            Command((*_SYSTEMCTL, "disable", "--now", "inglenook.service"), "stop it", needed=False),
            Removal(places.user_unit()),
            Command((*_SYSTEMCTL, "daemon-reload"), "forget the unit"),
        ),
        ("kept: configuration, models and state; `loginctl disable-linger` if nothing else of yours needs it",),
    )


def _command() -> Path:
    """Return the command of the environment that runs."""
    folders = (Path(sys.executable).parent, Path(sysconfig.get_path("scripts", "posix_user")))
    for command in (folder / "assistant" for folder in folders):
        if command.exists():
            return command
    raise ServiceError(f"there is no command `assistant` in {folders[0]}", hint="install inglenook by pip or pipx")
