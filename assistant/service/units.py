"""The units as they lie in systemd/ of the repository, which the package carries."""

from importlib.resources import files
from pathlib import Path

__all__ = ["system_unit_text", "sysusers", "user_unit_text"]

_STEPS_SINCE = 254
"""The first systemd that knows RestartSteps; an older one names the line at every reload."""
_STEPS = ("RestartSteps=", "RestartMaxDelaySec=")


def system_unit_text(systemd: int) -> str:
    """Return the unit of the system service, for a *systemd* of that version."""
    return _fitted("inglenook.service", systemd)


def user_unit_text(systemd: int, command: Path) -> str:
    """Return the unit of a person's service, which starts *command*."""
    quoted = '"' + str(command).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'
    return _fitted("user/inglenook.service", systemd).replace("%h/.local/bin/assistant", quoted)


def sysusers() -> str:
    """Return what makes the user of the system service."""
    return _read("inglenook.sysusers")


def _fitted(name: str, systemd: int) -> str:
    lines = _read(name).splitlines(keepends=True)
    return "".join(line for line in lines if systemd >= _STEPS_SINCE or not line.startswith(_STEPS))


def _read(name: str) -> str:
    return (files("assistant.service") / "units" / name).read_text()
