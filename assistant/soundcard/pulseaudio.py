"""PulseAudio of one's own."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from assistant.soundcard.server import Processes, Server, listens, running, until

__all__ = ["PULSEAUDIO"]

_START = """
load-module module-null-sink sink_name=nowhere
set-default-sink nowhere
set-default-source nowhere.monitor
load-module module-native-protocol-unix auth-anonymous=1 socket=native
"""
"""With a port as the default, what uses it would be moved to another port when it is unplugged."""


def _installed() -> bool:
    return shutil.which("pulseaudio") is not None


@asynccontextmanager
async def _run(folder: Path) -> AsyncGenerator[Processes, None]:
    (folder / "daemon.conf").write_text("rescue-streams = no\n")  # what is unplugged is gone, not elsewhere
    (folder / "start.pa").write_text(_START)
    options = ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
    options += ["--realtime=no", "--high-priority=no", f"--file={folder / 'start.pa'}"]
    async with running(folder, "pulseaudio", *options) as process:
        processes = {"pulseaudio": process}
        await until(lambda: listens(folder / "native"), "PulseAudio does not start", processes)
        yield processes


PULSEAUDIO = Server("PulseAudio", "pulseaudio", _installed, _run)
