"""What the service's own environment is made of: the same distributions, in the same versions, as the one that runs."""

import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from assistant import __version__
from assistant.errors import ServiceError
from assistant.hookspecs import NAME
from assistant.service.places import VERSIONS

__all__ = ["constraints", "new_environment", "python_for", "requirements", "running_environment"]

_HIDDEN = (Path("/home"), Path("/root"), Path("/run/user"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108
"""Folders that the unit hides from the service: no Python that lies there can run it."""
_DEBIAN = Path("/usr/bin/python3")


def requirements() -> list[str]:
    """Return what pip shall install: the core and the plugins of this environment, each from where it came.

    What was installed from a folder or a file that is still there comes from it again (PEP 610), so that a clone leads
    to the same place as a package; everything else is named, and `constraints` gives the version.
    """
    found: dict[str, str] = {}
    for distribution in distributions():
        name, origin = distribution.metadata["Name"], _origin(distribution)
        ours = name == "inglenook" or any(entry.group == NAME for entry in distribution.entry_points)
        if ours or origin:
            found.setdefault(name, str(origin) if origin else name)
    return [found[name] for name in sorted(found)]


def constraints() -> str:
    """Return the versions of this environment, as a constraints file of pip's."""
    pinned = {
        f"{distribution.metadata['Name']}=={distribution.version}"
        for distribution in distributions()
        if _origin(distribution) is None
    }
    return "".join(f"{line}\n" for line in sorted(pinned, key=str.lower))


def new_environment() -> Path:
    """Return where the environment of this version belongs."""
    return VERSIONS / __version__


def running_environment() -> Path | None:
    """Return the environment that runs, where it is one of the service's own already."""
    environment = Path(sys.prefix).resolve()
    return environment if environment.parent == VERSIONS else None


def python_for(asked: Path | None) -> Path:
    """Return the Python to make the service's environment with; raises ServiceError where none will do."""
    candidates = [asked] if asked else [Path(getattr(sys, "_base_executable", sys.executable)), _DEBIAN]
    for candidate in candidates:
        real = candidate.resolve()
        if not any(real.is_relative_to(hidden) for hidden in _HIDDEN) and _is_new_enough(real):
            return candidate
    raise ServiceError(
        f"{candidates[0]} is a Python that the service could not read: it lies in a folder that is hidden from it",
        hint="install one for everybody (Debian: apt install python3-venv), or name one with --python",
    )


def _is_new_enough(python: Path) -> bool:
    """Say whether *python* is a Python that Inglenook runs on."""
    try:
        ask = [str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        return subprocess.run(ask, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _origin(distribution: Distribution) -> Path | None:
    """Return the folder or file on this machine that a distribution was installed from, if it is still there."""
    told = distribution.read_text("direct_url.json")
    if told is None:
        return None
    url = urlsplit(msgspec.json.decode(told)["url"])
    path = Path(unquote(url.path))
    return path if url.scheme == "file" and path.exists() else None
