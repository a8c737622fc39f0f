"""Ask drivers and the engines' libraries what they can do, each in a process of its own.

Some end the process where a processor lacks an instruction, or a driver is half installed; then that is the answer.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from assistant.engines import Build
from assistant.hardware.gpus import Gpu
from assistant.plugins import Plugins

__all__ = ["Asked", "builds", "gpus"]

_PATIENCE = 60.0
"""Seconds after which a library is taken to hang; a slow disk may need many to load one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an engine's library said."""

    engine: str
    """Name of the engine."""
    build: Build | None
    """What it said; None where it could not."""
    failure: str = ""
    """Why it could not."""


class _Failed(Exception):
    pass


def gpus() -> list[Gpu]:
    """Return the GPUs; none where a driver ended the process that asked."""
    try:
        return msgspec.json.decode(_ask("gpus"), type=list[Gpu])
    except (_Failed, msgspec.DecodeError):
        return []


def builds(plugins: Plugins, config: Path | None) -> Iterator[Asked]:
    """Ask each engine that can compute on something else than the processor, one after the other."""
    for name, spec in sorted(plugins.engines.items()):
        if spec.build is None:
            continue
        try:
            yield Asked(name, msgspec.json.decode(_ask("build", name, *([str(config)] if config else [])), type=Build))
        except (_Failed, msgspec.DecodeError) as error:
            yield Asked(name, None, str(error))


def _ask(*what: str) -> str:
    """Return the last line that the process wrote; raises _Failed."""
    command = [sys.executable, "-m", "assistant.hardware.answering", *what]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Failed(str(error)) from None
    if done.returncode < 0:
        raise _Failed(f"its library ended the process: {signal.strsignal(-done.returncode)}")
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise _Failed((done.stderr.strip().splitlines() or ["it said nothing"])[-1][:300])
    return lines[-1]
