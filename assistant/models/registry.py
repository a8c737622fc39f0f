"""Run the program of a package registry, and end it where it brings too much, or nothing."""

import asyncio
import contextlib
import fnmatch
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from assistant.models.sources import SourceError

__all__ = ["brought", "sizes"]

_LOOK = 0.2
"""Seconds between two looks at what has come."""


async def brought(
    command: Sequence[str | Path],
    name: str,
    *,
    folder: Path,
    variables: Mapping[str, str],
    measure: Callable[[], int],
    listed: int,
    most: int,
    stall: float,
    advanced: Callable[[int], None] = lambda size: None,
) -> tuple[int, str]:
    """Run *command* in *folder* until it ends; return its exit status and what it said.

    *measure* returns the bytes that have come so far, which *advanced* is told. Raises SourceError, naming *name*,
    where they are more than *most*, which what is *listed* (bytes) may take on its way, or nothing came for *stall*
    seconds; FileNotFoundError where there is no such program.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=dict(variables),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # an interrupt at the terminal is for this process to handle
    )
    output = asyncio.create_task(process.communicate())
    loop = asyncio.get_running_loop()
    here, since = 0, loop.time()
    try:
        while not (await asyncio.wait({output}, timeout=_LOOK))[0]:
            if (now := await asyncio.to_thread(measure)) != here:
                here, since = now, loop.time()
                advanced(here)
            if here > most:
                raise SourceError(f"{name}: is larger than the listed {listed} bytes")
            if loop.time() - since > stall:
                raise SourceError(f"{name}: nothing came for {stall:g} s")
    finally:
        if process.returncode is None:
            process.kill()
        said = (await output)[0].decode(errors="replace").strip()
    assert process.returncode is not None
    return process.returncode, said


def sizes(folder: Path, pattern: str) -> list[int]:
    """Return the bytes of the files anywhere in *folder* whose names match; files and folders may vanish meanwhile."""
    found = []
    for place, _, names in os.walk(folder):  # unlike `rglob`, it passes over a folder that has gone
        for name in fnmatch.filter(names, pattern):
            with contextlib.suppress(OSError):
                found.append(Path(place, name).lstat().st_size)
    return found
