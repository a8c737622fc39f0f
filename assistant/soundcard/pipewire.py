"""PipeWire of one's own: the server, a session manager that links streams to devices, and PulseAudio's protocol.

All configuration is ours, for that of the system would open the machine's sound cards and look for D-Bus. Only
WirePlumber's differs between its releases, so there it is the system's, as far as it is about links and not hardware.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from assistant.soundcard.server import Processes, Server, bare_environment, ended, listens, path_of, running, until

__all__ = ["PIPEWIRE"]

_CLIENT = """
context.spa-libs = {
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}
context.modules = [
    { name = libpipewire-module-protocol-native }
    { name = libpipewire-module-metadata }
    { name = libpipewire-module-client-node }
    { name = libpipewire-module-client-device }
    { name = libpipewire-module-adapter }
    { name = libpipewire-module-session-manager }
"""
"""What all programs of PipeWire load; the list of modules stays open."""

_CONFIGURATION = {
    "pipewire.conf": f"""{_CLIENT}
    {{ name = libpipewire-module-access }}
    {{ name = libpipewire-module-link-factory }}
    {{ name = libpipewire-module-spa-node-factory }}
]
context.properties = {{
    core.daemon = true
    core.name = pipewire-0
    support.dbus = false
    mem.allow-mlock = false
    default.clock.min-quantum = 1024  # a busy machine must not tear words apart
}}
context.objects = [
    # It drives the streams that are not linked yet.
    {{ factory = spa-node-factory args = {{
        factory.name = support.node.driver
        node.name = Dummy-Driver
        node.group = pipewire.dummy
        priority.driver = 20000
    }} }}
]
""",
    # A stream whose device is not there, or not any more, must fail and not go to another one.
    "pipewire-pulse.conf": f"""{_CLIENT}
    {{ name = libpipewire-module-protocol-pulse }}
]
context.properties = {{ support.dbus = false }}
pulse.properties = {{ server.address = [ "unix:native" ] }}
stream.properties = {{
    node.dont-reconnect = true
    node.dont-fallback = true
}}
""",
    "client.conf": f"{_CLIENT}]\n",
    "media-session.d/media-session.conf": f"{_CLIENT}]\nsession.modules = {{ default = [ metadata policy-node ] }}\n",
}

_SESSION_MANAGERS = ("wireplumber", "pipewire-media-session")


def _installed() -> bool:
    found = [shutil.which(program) for program in ("pipewire", "pipewire-pulse")]
    return all(found) and any(shutil.which(program) for program in _SESSION_MANAGERS)


@asynccontextmanager
async def _run(folder: Path) -> AsyncGenerator[Processes, None]:
    for name, text in _CONFIGURATION.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    processes = {}
    async with AsyncExitStack() as stack:
        failure = "PipeWire does not start"
        processes["pipewire"] = await stack.enter_async_context(running(folder, "pipewire"))
        await until(lambda: listens(folder / "pipewire-0"), failure, processes)
        manager, *options = await _session_manager(folder)
        processes[manager] = await stack.enter_async_context(running(folder, manager, *options))
        processes["pipewire-pulse"] = await stack.enter_async_context(running(folder, "pipewire-pulse"))
        await until(lambda: listens(folder / "native"), failure, processes)
        yield processes


async def _session_manager(folder: Path) -> list[str]:
    """Return the command that runs the session manager without its monitors of hardware."""
    if not shutil.which("wireplumber"):
        return ["pipewire-media-session"]
    asked = await asyncio.create_subprocess_exec(
        path_of("wireplumber"),
        "--help",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=bare_environment(folder),
    )
    async with ended(asked):
        said, _ = await asked.communicate()
    # WirePlumber 0.5 has profiles in one configuration; 0.4 had a configuration for each purpose.
    return ["wireplumber", "--profile", "policy"] if b"--profile" in said else ["wireplumber", "-c", "policy.conf"]


PIPEWIRE = Server("PipeWire", "pipewire pipewire-pulse wireplumber", _installed, _run)
