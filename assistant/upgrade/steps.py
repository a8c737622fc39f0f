"""The order of an upgrade.

Whenever it ends, by a failure or a power cut, `current` leads to an environment that is whole, and the state is one
that this environment can read: the state of the old version is put back before the link is, and never after.
"""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant import __version__
from assistant.backup import Places, restore, write_archive
from assistant.errors import AssistantError, ServiceError
from assistant.state.lock import owner
from assistant.upgrade.environment import build
from assistant.upgrade.layout import Layout
from assistant.upgrade.trial import Person, try_out

__all__ = ["Service", "SystemService", "upgrade"]


class Service(Protocol):
    """What runs the daemon of the environment that `current` leads to."""

    def running(self) -> bool:
        """Return whether it runs."""
        ...

    def stop(self) -> None:
        """Stop it; returns when it has ended. Raises ServiceError."""
        ...

    def start(self) -> None:
        """Start it; returns when it is ready. Raises ServiceError where it does not become so."""
        ...


@dataclass(frozen=True, slots=True)
class SystemService:
    """The service that systemd runs."""

    unit: str = "inglenook.service"
    """Its name."""

    def running(self) -> bool:
        """Return whether it runs."""
        if shutil.which("systemctl") is None:
            return False
        return subprocess.run(["systemctl", "is-active", "--quiet", self.unit], check=False).returncode == 0  # noqa: S607

    def stop(self) -> None:
        """Stop it; returns when it has ended."""
        self._do("stop")

    def start(self) -> None:
        """Start it; returns when it has told that it is ready."""
        self._do("start")

    def _do(self, what: str) -> None:
        done = subprocess.run(["systemctl", what, self.unit], capture_output=True, text=True, check=False)  # noqa: S607
        if done.returncode:
            raise ServiceError(
                f"systemctl {what} {self.unit}: {done.stderr.strip()}", hint=f"journalctl -u {self.unit}"
            )


def upgrade(
    layout: Layout,
    version: str,
    wheels: Path | None,
    places: Places,
    service: Service,
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Go over to another version; raises ServiceError where that fails, and then the old one runs as before."""
    old, new = layout.current.resolve(), layout.environment(version)
    if new == old:
        raise ServiceError(f"{version} is what runs already", hint="name another version with --to")
    running = service.running()
    if not running and (other := owner(places.state)):
        raise ServiceError(f"a daemon runs by hand (process {other.pid})", hint="stop it first")
    build(new, version, wheels, say)
    try:
        if running:
            say("stop the service")
            service.stop()
        backup = _backup(places, say)
        say("try the new version on a copy of configuration and state")
        try_out(new, backup, Person.owning(places.state))
    except BaseException as error:
        say(f"back to {__version__}: nothing was changed")
        layout.remove(new)
        if running:
            service.start()
        raise _failed(error, version) from None
    say(f"switch: {layout.current} -> {new}")
    layout.switch(new)
    if running:
        _start(layout, old, backup, places, service, version, say)
    for former in layout.others(new, old):
        say(f"remove {former}")
        layout.remove(former)


def _backup(places: Places, say: Callable[[str], None]) -> Path:
    """Save configuration and state as they are before an upgrade; only the latest such backup is kept."""
    shutil.rmtree(places.backups, ignore_errors=True)
    places.backups.mkdir(parents=True, mode=0o700)
    file = places.backups / f"before-upgrade-of-{__version__}.tar.gz"
    say(f"save configuration and state: {file}")
    write_archive(places, file)
    Person.owning(places.state).give(places.backups)
    return file


def _start(
    layout: Layout,
    old: Path,
    backup: Path,
    places: Places,
    service: Service,
    version: str,
    say: Callable[[str], None],
) -> None:
    """Start the service with the new version; where it does not become ready, put everything back as it was."""
    say("start the service")
    try:
        service.start()
    except AssistantError as error:
        say(f"it does not become ready; back to {__version__}")
        service.stop()
        restore(backup, places)
        new = layout.current.resolve()
        layout.switch(old)
        layout.remove(new)
        service.start()
        raise _failed(error, version) from None


def _failed(error: BaseException, version: str) -> BaseException:
    """Return what is raised where an upgrade fails."""
    if not isinstance(error, AssistantError):
        return error
    return ServiceError(f"{version} is not used: {error}", hint=error.hint or f"{__version__} runs as before")
