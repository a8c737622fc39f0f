"""The steps of an installation: first they are shown, then they are done; one that was done before changes nothing."""

import logging
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from assistant.errors import ServiceError

__all__ = ["Change", "Command", "File", "Link", "Plan", "Removal"]


log = logging.getLogger(__name__)


class Change(Protocol):
    """One step."""

    @property
    def name(self) -> str:
        """Return what it is called while it is done."""
        ...

    def describe(self) -> str:
        """Return what it does, as one line."""
        ...

    def apply(self) -> bool:
        """Do it; return whether anything was changed. Raises ServiceError."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """Write a file that everybody may read."""

    path: Path
    """Where."""
    text: str
    """What it then holds."""

    @property
    def name(self) -> str:
        """Return what it is called while it is done."""
        return str(self.path)

    def describe(self) -> str:
        """Return what it does, as one line."""
        return f"write   {self.path}"

    def apply(self) -> bool:
        """Write the file, in one piece."""
        try:
            if self.path.is_file() and self.path.read_text() == self.text:
                return False
            self.path.parent.mkdir(parents=True, exist_ok=True)
            draft = self.path.with_name(f".{self.path.name}.new")
            draft.write_text(self.text)
            draft.chmod(0o644)
            draft.replace(self.path)
        except OSError as error:
            raise _failure(self.path, "written", error) from None
        return True


@dataclass(frozen=True, slots=True)
class Link:
    """Let a path lead to another."""

    path: Path
    """The link."""
    target: Path
    """Where it leads."""

    @property
    def name(self) -> str:
        """Return what it is called while it is done."""
        return str(self.path)

    def describe(self) -> str:
        """Return what it does, as one line."""
        return f"link    {self.path} -> {self.target}"

    def apply(self) -> bool:
        """Make the link, in the place of one that leads elsewhere."""
        try:
            if self.path.is_symlink() and self.path.readlink() == self.target:
                return False
            draft = self.path.with_name(f".{self.path.name}.new")
            draft.unlink(missing_ok=True)
            draft.symlink_to(self.target)
            draft.replace(self.path)
        except OSError as error:
            raise _failure(self.path, "made", error) from None
        return True


@dataclass(frozen=True, slots=True)
class Removal:
    """Remove a file, or a folder with all that is in it."""

    path: Path
    """What is removed."""

    @property
    def name(self) -> str:
        """Return what it is called while it is done."""
        return str(self.path)

    def describe(self) -> str:
        """Return what it does, as one line."""
        return f"remove  {self.path}"

    def apply(self) -> bool:
        """Remove it, if it is there."""
        try:
            if self.path.is_dir() and not self.path.is_symlink():
                shutil.rmtree(self.path)
            elif self.path.is_symlink() or self.path.exists():
                self.path.unlink()
            else:
                return False
        except OSError as error:
            raise _failure(self.path, "removed", error) from None
        return True


@dataclass(frozen=True, slots=True)
class Command:
    """Run a program."""

    words: tuple[str, ...]
    """The program and its arguments."""
    why: str
    """What it is for."""
    needed: bool = True
    """Whether a failure ends the installation; the rest can do without."""
    variables: dict[str, str] = field(default_factory=dict)
    """Variables that it gets beside those of this process."""

    @property
    def name(self) -> str:
        """Return what it is called while it is done."""
        return self.why

    def describe(self) -> str:
        """Return what it does, as one line."""
        set_ = [f"{name}={value}" for name, value in self.variables.items()]
        return f"run     {shlex.join([*set_, *self.words])}    # {self.why}"

    def apply(self) -> bool:
        """Run it; its output is the person's to see."""
        try:
            done = subprocess.run(self.words, env=os.environ | self.variables, check=False)
            failed = f"code {done.returncode}" if done.returncode else ""
        except OSError as error:
            failed = str(error.strerror)
        if failed and self.needed:
            raise ServiceError(
                f"cannot {self.why}: {shlex.join(self.words)} failed: {failed}",
                hint="its own message is above; put that right and call it again: what is done is not done twice",
            )
        if failed:
            log.warning("could not %s (%s): %s", self.why, failed, shlex.join(self.words))
        return not failed


@dataclass(frozen=True, slots=True)
class Plan:
    """What an installation does, in order."""

    steps: tuple[Change, ...]
    """The steps."""
    notes: tuple[str, ...] = ()
    """What to know afterwards."""

    def files(self) -> Iterator[File]:
        """Return the files that it writes."""
        return (step for step in self.steps if isinstance(step, File))

    def apply(self) -> Iterator[str]:
        """Do every step, and yield what came of it as a line; raises ServiceError at the first that fails."""
        for step in self.steps:
            yield f"{step.name}: {'done' if step.apply() else 'as it was'}"


def _failure(path: Path, what: str, error: OSError) -> ServiceError:
    return ServiceError(f"{path} cannot be {what}: {error.strerror}", hint="check the folder's owner and the disk")
