"""The units as they lie in systemd/ of the repository, which the package carries."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

__all__ = ["system_unit_text", "sysusers", "user_unit_text"]

_STEPS_SINCE = 254
"""The first systemd that knows RestartSteps; an older one names the line at every reload."""
_STEPS = ("RestartSteps=", "RestartMaxDelaySec=")


def system_unit_text(systemd: int) -> str:
    """Return the unit of the system service, for a *systemd* of that version."""
    return _fitted("inglenook.service", systemd)


def user_unit_text(systemd: int, command: Path, variables: Mapping[str, str]) -> str:
    """Return the unit of a person's service, which starts *command* with *variables*."""
    started = f"ExecStart={_quoted(str(command).replace('$', '$$'))} run\n"
    given = [f"Environment={_quoted(f'{name}={value}')}\n" for name, value in variables.items()]
    unit = _fitted("user/inglenook.service", systemd)
    return unit.replace("ExecStart=%h/.local/bin/assistant run\n", "".join((started, *given)))


def sysusers() -> str:
    """Return what makes the user of the system service."""
    return _read("inglenook.sysusers")


def _fitted(name: str, systemd: int) -> str:
    lines = _read(name).splitlines(keepends=True)
    return "".join(line for line in lines if systemd >= _STEPS_SINCE or not line.startswith(_STEPS))


def _quoted(word: str) -> str:
    """Return a word as systemd.syntax(7) wants it."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def _read(name: str) -> str:
    return (files("assistant.service") / "units" / name).read_text()
