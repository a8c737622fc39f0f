"""Build an environment with another version: the same Python, the same plugins, the same libraries where possible."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from assistant.errors import ServiceError
from assistant.hookspecs import NAME
from assistant.upgrade.layout import versions_of

__all__ = ["build", "newest"]

_PATIENCE = 1800.0
"""Seconds that pip may take: some libraries are built."""


def newest(wanted: str, wheels: Path | None) -> str:
    """Return which version an upgrade leads to: the one that is *wanted*, or the newest in *wheels* or the index.

    Raises ServiceError where there is none.
    """
    name = f"inglenook=={wanted}" if wanted else "inglenook"
    asked = ["install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", "-", name]
    done = _pip(Path(sys.executable), [*asked, *_sources(wheels, index=wheels is None)])
    if done.returncode:
        where = str(wheels) if wheels else "the package index"
        raise ServiceError(f"{name}: nothing fits in {where}", hint=_last(done) or "check the version and the network")
    report: dict[str, Any] = json.loads(done.stdout)
    return str(report["install"][0]["metadata"]["version"])


def build(environment: Path, version: str, wheels: Path | None, say: Callable[[str], None]) -> None:
    """Make the environment of a version; raises ServiceError, and leaves nothing, where that fails.

    Libraries stay at the versions that are installed now, if the new version can do with them.
    """
    shutil.rmtree(environment, ignore_errors=True)
    python = environment / "bin" / "python"
    ours, others = _installed()
    pins = versions_of(environment)
    try:
        pins.write_text("".join(f"{name}=={pinned}\n" for name, pinned in sorted(others.items())))
        base = str(getattr(sys, "_base_executable", sys.executable))
        shared = ["--system-site-packages"] if _shares_site_packages() else []
        _run([base, "-m", "venv", *shared, str(environment)], f"{environment}: the environment cannot be made")
        names = [f"inglenook=={version}", *sorted(ours - {"inglenook"})]
        ways = [
            ("with the libraries as they are, from the folder alone", False, True),
            ("with the libraries as they are", True, True),
            ("with newer libraries", True, False),
        ]
        done = None
        for how, index, pinned in ways if wheels else ways[1:]:
            say(f"install {', '.join(names)}, {how}")
            constraint = [f"--constraint={pins}"] if pinned else []
            done = _pip(python, ["install", "--quiet", *constraint, *_sources(wheels, index=index), *names])
            if done.returncode == 0:
                return
        assert done is not None
        raise ServiceError(f"inglenook {version} cannot be installed", hint=_last(done))
    except OSError as error:
        shutil.rmtree(environment, ignore_errors=True)
        raise ServiceError(f"{environment}: {error.strerror}", hint="check permissions (root?) and the disk") from None
    except BaseException:
        shutil.rmtree(environment, ignore_errors=True)
        pins.unlink(missing_ok=True)
        raise


def _installed() -> tuple[set[str], dict[str, str]]:
    """Return the names of the core and the plugins of this environment, and the versions of everything else."""
    ours, others = {"inglenook"}, {}
    for distribution in distributions():
        name = distribution.metadata["Name"]
        if name == "inglenook" or any(entry.group == NAME for entry in distribution.entry_points):
            ours.add(name)
        else:
            others[name] = distribution.version
    return ours, others


def _shares_site_packages() -> bool:
    """Tell whether this environment sees the packages of the Python that it was made from."""
    about = Path(sys.prefix) / "pyvenv.cfg"
    lines = about.read_text().lower().splitlines() if about.is_file() else []
    return any(line.replace(" ", "") == "include-system-site-packages=true" for line in lines)


def _sources(wheels: Path | None, *, index: bool) -> list[str]:
    folder = [f"--find-links={wheels}"] if wheels else []
    return folder if index else ["--no-index", *folder]


def _pip(python: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)


def _run(command: list[str], failure: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode:
        raise ServiceError(failure, hint=_last(done))


def _last(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a command has complained with."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
