"""Where things are on this machine.

`INGLENOOK_HOME` puts everything in one folder; without it the XDG folders are used
(https://specifications.freedesktop.org/basedir-spec/latest/).
"""

import os
from pathlib import Path

__all__ = ["cache_folder", "config_file", "data_folder", "models_folder", "state_folder"]


def _folder(part: str, variable: str, default: str) -> Path:
    if home := os.environ.get("INGLENOOK_HOME"):
        return Path(home).expanduser() / part
    base = os.environ.get(variable)
    return (Path(base) if base else Path.home() / default) / "inglenook"


def config_file() -> Path:
    """Return where the configuration is looked for: `INGLENOOK_CONFIG`, or `assistant.yaml` in the config folder."""
    if file := os.environ.get("INGLENOOK_CONFIG"):
        return Path(file).expanduser()
    return _folder("config", "XDG_CONFIG_HOME", ".config") / "assistant.yaml"


def data_folder() -> Path:
    """Return the folder of what can be fetched again: models, single-file plugins."""
    return _folder("data", "XDG_DATA_HOME", ".local/share")


def models_folder() -> Path:
    """Return the folder of the fetched models, one folder for each."""
    return data_folder() / "models"


def state_folder() -> Path:
    """Return the folder of what cannot be fetched again: the database, the local key."""
    return _folder("state", "XDG_STATE_HOME", ".local/state")


def cache_folder() -> Path:
    """Return the folder of what is only kept to save time."""
    return _folder("cache", "XDG_CACHE_HOME", ".cache")
