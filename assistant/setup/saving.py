"""Write the answers into the configuration file: in one step, above what was there, with a copy of it kept."""

import itertools
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assistant.config.layers import Layer, merge, read_file
from assistant.errors import ConfigError

__all__ = ["Saved", "save"]

_HEADER = "# Written by `{by}`. Every key: docs/config.md, `assistant config schema`.\n"


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of the file."""

    changed: bool
    """Whether it was written; one that says all of it already is left alone."""
    backup: Path | None = None
    """The copy of what it held before; None where there was nothing."""


def save(file: Path, answers: Mapping[str, Any], by: str = "assistant setup") -> Saved:
    """Lay *answers* over what *file* holds; a new one says *by* which command it was written.

    Raises ConfigError where it cannot be read or written.
    """
    try:
        file = file.resolve()  # the target of a link is replaced, not the link
        before = read_file(file).tree if file.exists() else None
        after = merge(Layer(before or {}), Layer(dict(answers))).tree
        if after == before:
            return Saved(changed=False)
        file.parent.mkdir(parents=True, exist_ok=True)
        head = _comments(file) if before is not None else _HEADER.format(by=by)
        backup = _backup(file) if before is not None else None
        _write(file, head + yaml.safe_dump(after, sort_keys=False, allow_unicode=True))
    except OSError as error:
        raise ConfigError(
            f"{error.filename or file} cannot be written: {error.strerror}", hint="check the folder and its permissions"
        ) from None
    return Saved(changed=True, backup=backup)


def _comments(file: Path) -> str:
    """Return the comments at the head of a file; those between the keys are lost, and stay in the copy."""
    lines = file.read_text("utf-8-sig").splitlines(keepends=True)
    return "".join(itertools.takewhile(lambda line: line.startswith("#") or not line.strip(), lines))


def _backup(file: Path) -> Path:
    """Copy *file* beside itself, under a name that nothing has."""
    for number in itertools.count(1):
        copy = file.with_name(f"{file.name}.{number}.bak")
        try:
            with copy.open("xb") as target, file.open("rb") as source:
                shutil.copyfileobj(source, target)
                os.fsync(target.fileno())
        except FileExistsError:
            continue
        shutil.copystat(file, copy)
        return copy
    raise AssertionError


def _write(file: Path, text: str) -> None:
    """Replace *file* in one step that outlives a power cut."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("x", encoding="utf-8") as target:
            target.write(text)
            target.flush()
            os.fsync(target.fileno())
        if file.exists():
            shutil.copymode(file, draft)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
