"""The card itself: ports that are null sinks of a sound server, and what is played into and recorded from them."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.audio import AudioChunk
from assistant.errors import DeviceError
from assistant.soundcard.room import Room
from assistant.soundcard.server import bare_environment, ended, path_of, until

__all__ = ["MICROPHONE", "SPEAKER", "Port", "SoundCard"]


@dataclass(frozen=True, slots=True)
class Port:
    """A microphone or a speaker of the card."""

    name: str
    """How programs find it: the name of an ALSA device."""
    kind: Literal["microphone", "speaker"]
    """Whether programs record from it or play on it."""
    rate: int = 48_000
    """Hertz."""
    channels: int = 1
    """1, 2, 4, 6 or 8."""

    @property
    def alsa(self) -> str:
        """Return the ALSA device that leads to the null sink, or to its monitor."""
        role, device = ("capture", f"{self.name}.monitor") if self.kind == "microphone" else ("playback", self.name)
        return f'pcm.{self.name} {{ type asym {role}.pcm {{ type pulse device "{device}" }} }}\n'


_POSITIONS = ("front-left", "front-right", "rear-left", "rear-right", "front-center", "lfe", "side-left", "side-right")
"""ALSA's order of channels: with any other, the server would mix them on the way to a program."""

MICROPHONE = Port("microphone", "microphone")
SPEAKER = Port("speaker", "speaker", channels=2)

_DEFAULT = """
pcm.!default {
    type asym
    playback.pcm { type pulse device "speaker" }
    capture.pcm { type pulse device "microphone.monitor" }
}
"""
"""Without a device of this name, PortAudio 19.6 ends the process by an assertion when it lists devices."""


class SoundCard:
    """A running card with its ports `microphone` and `speaker`, which are also the defaults."""

    def __init__(self, folder: Path, server: str, restart: Callable[[], Awaitable[None]]) -> None:
        self.server = server
        """What the null sinks are of: PulseAudio or PipeWire."""
        self._folder = folder
        self._restart = restart
        self._ports: dict[str, Port] = {}
        self._modules: dict[str, str] = {}
        self.environment: Mapping[str, str] = {
            "PULSE_SERVER": f"unix:{folder / 'native'}",
            "PULSE_COOKIE": str(folder / "cookie"),
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        """Variables that lead programs to this card; they must be set before the program starts PortAudio or ALSA."""

    async def plug(self, port: Port) -> None:
        """Add a port, or bring one back that was unplugged; raises DeviceError where the server refuses."""
        arguments = [
            f"sink_name={port.name}",
            f"rate={port.rate}",
            f"channels={port.channels}",
            f"channel_map={_channel_map(port.channels)}",
            "norewinds=1",  # blocks of 50 ms, not 2 s
        ]
        self._modules[port.name] = (await self._pactl("load-module", "module-null-sink", *arguments)).strip()
        self._ports[port.name] = port
        config = _DEFAULT + "".join(port.alsa for port in self._ports.values())
        (self._folder / "asound.conf").write_text(config)

    async def unplug(self, name: str) -> None:
        """Take a port away, as if its cable were pulled; its name stays known to ALSA."""
        await self._pactl("unload-module", self._modules.pop(name))

    async def restart(self) -> None:
        """End the sound server and start it again, with the ports that were plugged in; whoever used one loses it."""
        plugged = list(self._modules)
        await self._restart()
        for name in plugged:
            await self.plug(self._ports[name])

    async def speak(self, chunks: Iterable[AudioChunk], microphone: str = "microphone") -> None:
        """Play *chunks*, all of one 16-bit format, into a microphone; returns when the last sample was heard."""
        sound = list(chunks)
        form = sound[0].format
        pacat = await self._run(
            "pacat",
            "--playback",
            f"--device={microphone}",
            "--latency-msec=200",  # a busy machine must not tear words apart
            *_options(form.rate, form.channels),
            stdin=True,
        )
        async with ended(pacat):
            _, said = await pacat.communicate(b"".join(chunk.audio for chunk in sound))
            if pacat.returncode:
                raise DeviceError(f"nothing can be played into {microphone}: {said.decode(errors='replace').strip()}")

    @asynccontextmanager
    async def record(self, file: Path, speaker: str = "speaker") -> AsyncGenerator[None, None]:
        """Write what a speaker plays to a WAV file for as long as the context is open, silence included."""
        port = self._ports[speaker]
        parec = await self._run(
            "parec",
            f"--device={speaker}.monitor",
            "--latency-msec=20",
            *_options(port.rate, port.channels),
            "--file-format=wav",
            str(file),
        )
        async with ended(parec):
            failure = f"{speaker} cannot be recorded"
            await until(lambda: file.exists() and file.stat().st_size > 44, failure, {"parec": parec})
            yield
            await asyncio.sleep(0.1)  # what has been played is still on its way

    @asynccontextmanager
    async def echo(
        self, room: Room, speaker: str = "speaker", microphone: str = "microphone"
    ) -> AsyncGenerator[None, None]:
        """Let a microphone hear in *room* what a speaker plays, for as long as the context is open."""
        process = await self._run(sys.executable, *room.command(speaker, microphone))
        async with ended(process):
            assert process.stdout is not None
            if not await process.stdout.readline():
                _, said = await process.communicate()
                raise DeviceError(f"{speaker} is not heard by {microphone}: {said.decode(errors='replace').strip()}")
            yield

    async def _pactl(self, *command: str) -> str:
        pactl = await self._run("pactl", *command)
        async with ended(pactl):
            printed, said = await pactl.communicate()
            if pactl.returncode:
                raise DeviceError(f"pactl {' '.join(command)}: {said.decode(errors='replace').strip()}")
        return printed.decode()

    async def _run(self, program: str, *arguments: str, stdin: bool = False) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            path_of(program),
            *arguments,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**bare_environment(self._folder), **self.environment},
        )


def _options(rate: int, channels: int) -> list[str]:
    return ["--format=s16le", f"--rate={rate}", f"--channels={channels}", f"--channel-map={_channel_map(channels)}"]


def _channel_map(channels: int) -> str:
    return "mono" if channels == 1 else ",".join(_POSITIONS[:channels])
