"""What a sound server, PulseAudio or PipeWire, says of the device that this process records from or plays on.

PortAudio knows the server by one name, `default`; where that leads, and whether it is muted there, only the server
knows. It is asked through `pactl`, which both have; without it nothing is known, and nothing is wrong.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Direction", "Routed", "ServerState", "complaints", "routed", "server_state"]

Direction = Literal["source", "sink"]
"""To record or to play."""

_PATIENCE = 5.0
"""Seconds that the server may take to answer."""
_STREAMS = {"source": "source-outputs", "sink": "sink-inputs"}
_LOW = 0.1
"""Volume from 0 to 1 that is as good as none: 0.1 is -60 dB."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """The sound server of this process, or why there is none."""

    name: str
    """`PulseAudio 16.1`, `PulseAudio (on PipeWire 1.4.2) 15.0.0`; empty where none answers."""
    trouble: str = ""
    """Why none answers, e.g. `Connection refused`; empty where one does, and where nobody can ask."""


@dataclass(frozen=True, slots=True)
class Routed:
    """The device of the server that a stream of this process is led to."""

    direction: Direction
    """Whether it is recorded from or played on."""
    name: str
    """What `pactl` calls it."""
    description: str
    """What people call it."""
    channels: int
    """How many it has."""
    rate: int
    """Hertz at which it runs; the server converts."""
    muted: bool = False
    """Whether the device is muted in the server."""
    stream_muted: bool = False
    """Whether this program's stream is."""
    volume: float = 1.0
    """Of the loudest channel; 1 is 100 %."""
    suspended: bool = False
    """Whether the server has put it to sleep although it is used."""
    unplugged: str = ""
    """Name of the socket that it uses and that nothing is plugged into; empty where something is."""
    monitor: bool = False
    """Whether it is no microphone, and gives what a real speaker plays."""

    @property
    def dummy(self) -> bool:
        """Return whether it stands in for a device that is not there."""
        return self.name.startswith("auto_null")


def complaints(device: Routed) -> list[str]:
    """Return what is wrong with a device of the server and what to do, a sentence each."""
    called = f"{'The microphone' if device.direction == 'source' else 'The speaker'} {device.description!r}"
    pactl, kind = "pactl set-", device.direction
    found = []
    if device.dummy:
        found.append(
            f"The sound server has no {'microphone' if kind == 'source' else 'speaker'}, only a stand-in: plug one in, "
            "or see with `arecord -l`, `aplay -l` and `id` whether this user may use it (group audio)."
        )
    if device.monitor:
        found.append(
            f"{called} is no microphone, it gives what the speaker plays: choose one with "
            "`pactl set-default-source NAME` (`pactl list short sources`), or plug one in."
        )
    if device.unplugged:
        found.append(f"{called} uses the socket {device.unplugged!r}, and nothing is plugged in there: plug it in.")
    if device.muted:
        found.append(
            f"{called} is muted in the sound server: {pactl}{kind}-mute {device.name} 0, or its mute key or switch."
        )
    if device.stream_muted:
        found.append(f"{called} is muted for this program: unmute it in pavucontrol.")
    if device.volume < _LOW and not device.muted:
        found.append(
            f"{called} is turned down to {device.volume:.0%}: {pactl}{kind}-volume {device.name} "
            f"{'100%' if kind == 'source' else '60%'}"
        )
    if device.suspended:
        found.append(f"{called} is suspended in the sound server: pactl suspend-{kind} {device.name} 0")
    return found


async def server_state() -> ServerState:
    """Ask which sound server there is."""
    if shutil.which("pactl") is None:
        return ServerState("")
    info, trouble = await _pactl("info")
    if not isinstance(info, dict):
        return ServerState("", trouble)
    name = str(info.get("server_name", "")).replace("pulseaudio", "PulseAudio")
    return ServerState(f"{name} {info.get('server_version', '')}".strip())


async def routed(direction: Direction) -> Routed | None:
    """Return the device that the newest stream of this process is led to; None where the server knows of none."""
    if shutil.which("pactl") is None:
        return None
    streams = await _listed(_STREAMS[direction])
    ours = [s for s in streams if _properties(s).get("application.process.id") == str(os.getpid())]
    if not ours:
        return None
    stream = max(ours, key=lambda stream: int(stream["index"]))
    devices = {device["index"]: device for device in await _listed(f"{direction}s")}
    device = devices.get(stream[direction])
    return None if device is None else _read(direction, stream, device)


def _read(direction: Direction, stream: Mapping[str, Any], device: Mapping[str, Any]) -> Routed:
    """Read what `pactl` printed of a stream and its device."""
    _, channels, rate = device["sample_specification"].split()  # s16le 4ch 48000Hz
    properties = _properties(device)
    sockets = {port["name"]: port for port in device.get("ports") or ()}
    socket = sockets.get(device.get("active_port"), {})
    return Routed(
        direction=direction,
        name=device["name"],
        description=device["description"],
        channels=int(channels.removesuffix("ch")),
        rate=int(rate.removesuffix("Hz")),
        muted=bool(device["mute"]),
        stream_muted=bool(stream["mute"]),
        volume=max((channel["value"] / 65536 for channel in device["volume"].values()), default=1.0),
        suspended=device.get("state") == "SUSPENDED",
        unplugged=str(socket.get("description", "")) if socket.get("availability") == "not available" else "",
        monitor=properties.get("device.class") == "monitor" and any(key.startswith("alsa.") for key in properties),
    )


def _properties(listed: Mapping[str, Any]) -> Mapping[str, str]:
    return listed.get("properties") or {}


async def _listed(what: str) -> list[dict[str, Any]]:
    found, _ = await _pactl("list", what)
    return found if isinstance(found, list) else []


async def _pactl(*command: str) -> tuple[Any, str]:
    """Return what `pactl` says, read from JSON, or None and why it failed; old versions know no JSON."""
    process = await asyncio.create_subprocess_exec(
        "pactl",
        "--format=json",
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},  # some versions write numbers as the language does, which is no JSON
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            printed, said = await process.communicate()
    except TimeoutError:
        return None, f"no answer within {_PATIENCE:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        reason = said.decode(errors="replace").strip().splitlines() or ["it does not say why"]
        return None, reason[0].removeprefix("Connection failure: ")
    try:
        return json.loads(printed), ""
    except ValueError:
        return None, ""
