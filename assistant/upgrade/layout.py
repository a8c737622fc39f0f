"""Where environments lie beside each other: `versions/0.1.0`, `versions/0.2.0`; `current` is a link to one of them."""

import json
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from assistant.errors import ServiceError
from assistant.service.places import COMMAND, CURRENT, VERSIONS

__all__ = ["Layout", "find_layout", "versions_of"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The folder that environments lie in."""

    prefix: Path
    """Such as `/opt/inglenook`."""

    @property
    def current(self) -> Path:
        """Return the link to the environment that runs."""
        return self.prefix / CURRENT.name

    def environment(self, version: str) -> Path:
        """Return where the environment of a version belongs."""
        return self.prefix / VERSIONS.name / version

    def switch(self, environment: Path) -> None:
        """Let `current` lead to another environment, in one step; raises OSError."""
        draft = self.current.with_name(f".{self.current.name}.new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(environment)
        draft.replace(self.current)

    def others(self, *kept: Path) -> list[Path]:
        """Return all environments but those that are *kept*."""
        return [
            path
            for path in sorted(self.current.with_name(VERSIONS.name).iterdir())
            if path.is_dir() and path not in kept
        ]

    def remove(self, environment: Path) -> None:
        """Remove an environment, and the list of its versions."""
        shutil.rmtree(environment, ignore_errors=True)
        versions_of(environment).unlink(missing_ok=True)


def versions_of(environment: Path) -> Path:
    """Return the file beside an environment that lists the versions it was made with."""
    return environment.with_name(f"{environment.name}.txt")


def find_layout(environment: Path | None = None) -> Layout:
    """Return the layout that this environment is part of; raises ServiceError, with what to do, where it is of none."""
    here = (environment or Path(sys.prefix)).resolve()
    layout = Layout(here.parent.parent)
    if here.parent.name == VERSIONS.name and layout.current.is_symlink() and layout.current.resolve() == here:
        return layout
    there = f"; that of the system service: sudo {COMMAND} upgrade" if CURRENT.is_symlink() else ""
    if clone := _clone():
        raise ServiceError(f"this is a clone, in {clone}", hint=f"cd {clone} && git pull && make install{there}")
    raise ServiceError(
        f"{here} is an environment of your own, which is upgraded in place",
        hint=f"{sys.executable} -m pip install --upgrade inglenook[voice]{there}",
    )


def _clone() -> str:
    """Return the folder of the sources where they are used as they lie there (PEP 660); empty where they are not."""
    try:
        told = distribution("inglenook").read_text("direct_url.json")
    except PackageNotFoundError:
        return str(Path(__file__).parents[2])
    about = json.loads(told) if told else {}
    editable = about.get("dir_info", {}).get("editable", False)
    return str(about["url"]).removeprefix("file://") if editable else ""
