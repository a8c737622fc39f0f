"""What it takes to run a sound server of one's own, whichever it is: its processes, their environment, their end."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import DeviceError

__all__ = ["Processes", "Server", "bare_environment", "ended", "listens", "path_of", "printed", "running", "until"]

_PATIENCE = 10.0
"""Seconds that a process may take to start, and to end."""

Processes = Mapping[str, asyncio.subprocess.Process]
"""Running programs by name."""


@dataclass(frozen=True, slots=True)
class Server:
    """A sound server that speaks PulseAudio's protocol."""

    name: str
    """What people call it."""
    packages: str
    """Debian's packages that it is in."""
    installed: Callable[[], bool]
    """Says whether all its programs are there."""
    run: Callable[[Path], AbstractAsyncContextManager[Processes]]
    """Runs it in a folder while the context is open, with its socket `native` there and not a single device."""


def path_of(program: str) -> str:
    """Return the path of a program; raises DeviceError where it is not installed."""
    path = shutil.which(program)
    if path is None:
        raise DeviceError(f"{program} is not installed", hint="apt-get install pulseaudio-utils libasound2-plugins")
    return path


def bare_environment(folder: Path) -> dict[str, str]:
    """Keep a program away from the person's own configuration, session bus and servers."""
    home = str(folder)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "XDG_STATE_HOME": home,
        "XDG_RUNTIME_DIR": home,
        "PIPEWIRE_CONFIG_DIR": home,
        "PIPEWIRE_DEBUG": "1",  # errors only: it warns of much that is as it should be
        "PIPEWIRE_RUNTIME_DIR": home,
        "PULSE_RUNTIME_PATH": home,
        "PULSE_STATE_PATH": home,
        "PULSE_CONFIG": str(folder / "daemon.conf"),
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "DBUS_SYSTEM_BUS_ADDRESS": "disabled:",
    }


@asynccontextmanager
async def running(folder: Path, program: str, *arguments: str) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """Run a program of a server while the context is open; what it prints goes to a log in *folder*."""
    with (folder / f"{program}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            path_of(program),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=bare_environment(folder),
        )
    async with ended(process):
        yield process


def printed(folder: Path) -> str:
    """Return the last line that each program of a server printed, as a hint."""
    logs = ((log.stem, log.read_text(errors="replace").split("\n")) for log in sorted(folder.glob("*.log")))
    last = ((program, [line for line in lines if line.strip()][-1:]) for program, lines in logs)
    return "; ".join(f"{program} printed: {lines[0].strip()}" for program, lines in last if lines)


def listens(path: Path) -> bool:
    """Say whether a server takes connections at a socket; it may be there before it does."""
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        return client.connect_ex(str(path)) == 0


async def until(done: Callable[[], bool], failure: str, processes: Processes) -> None:
    """Wait until *done*; raises DeviceError where one of *processes* ends before or it takes too long."""
    try:
        async with asyncio.timeout(_PATIENCE):
            while not done():
                for program, process in processes.items():
                    if process.returncode is not None:
                        raise DeviceError(f"{failure}: {program} ended with exit status {process.returncode}")
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise DeviceError(f"{failure} within {_PATIENCE:.0f} s") from None


@asynccontextmanager
async def ended(process: asyncio.subprocess.Process) -> AsyncGenerator[None, None]:
    """Leave no process behind, even where a second cancellation comes while the first one ends it."""
    try:
        yield
    finally:
        try:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
