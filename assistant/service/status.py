"""How the services that are installed here do."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from assistant.service import places
from assistant.service.machine import Kind

__all__ = ["ServiceStatus", "statuses"]

_PROPERTIES = ("ActiveState", "SubState", "StatusText", "UnitFileState", "NRestarts", "Result")


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service, as systemd sees it."""

    kind: Kind
    """Whose it is."""
    unit: str
    """Path of its unit."""
    active: str
    """`active (running)`, `activating (start)`, `failed (failed)`, …"""
    says: str
    """What the daemon itself says; empty where it says nothing."""
    boot: str
    """`enabled` where it starts by itself."""
    restarts: int
    """How often systemd has started it anew since it was started."""
    result: str
    """`success`, or how it ended: `watchdog`, `signal`, `exit-code`, `timeout`."""


def statuses() -> list[ServiceStatus]:
    """Return the state of every service that is installed here, the system's first."""
    units = {Kind.SYSTEM: places.SYSTEM_UNIT, Kind.USER: places.user_unit()}
    return [_status(kind, unit) for kind, unit in units.items() if unit.exists()]


def _status(kind: Kind, unit: Path) -> ServiceStatus:
    whose = ("--user",) if kind is Kind.USER else ()
    words = ("systemctl", *whose, "show", "inglenook.service", f"--property={','.join(_PROPERTIES)}")
    try:
        told = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"})
        lines = told.stdout.splitlines()
    except OSError:
        lines = []
    shown = dict.fromkeys(_PROPERTIES, "") | dict(line.split("=", 1) for line in lines if "=" in line)
    active = (
        f"{shown['ActiveState']} ({shown['SubState']})" if shown["ActiveState"] else "unknown: systemd does not answer"
    )
    return ServiceStatus(
        kind,
        str(unit),
        active,
        shown["StatusText"],
        shown["UnitFileState"],
        int(shown["NRestarts"] or 0),
        shown["Result"],
    )
