"""Where the system service keeps its things."""

import os
from pathlib import Path

__all__ = ["COMMAND", "CURRENT", "PREFIX", "STATE", "SYSTEM_UNIT", "SYSUSERS", "USER", "VERSIONS", "user_unit"]

PREFIX = Path("/opt/inglenook")
"""The programs: root's, read by the service."""
VERSIONS = PREFIX / "versions"
"""One virtual environment for each version that was installed."""
CURRENT = PREFIX / "current"
"""A link to the environment that runs."""
COMMAND = CURRENT / "bin" / "assistant"
"""The command that the unit starts."""
STATE = Path("/var/lib/inglenook")
"""The service's `INGLENOOK_HOME`: configuration, models, state, cache."""
USER = "inglenook"
"""Who the service runs as, and the owner of its `STATE`."""
SYSTEM_UNIT = Path("/etc/systemd/system/inglenook.service")
"""The unit of the system service."""
SYSUSERS = Path("/etc/sysusers.d/inglenook.conf")
"""What systemd-sysusers makes the user from."""


def user_unit() -> Path:
    """Return the unit of a person's own service."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "systemd" / "user" / "inglenook.service"
