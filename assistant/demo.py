"""The demo's stage: a daemon in a process of its own, and a person made of sound who talks to it."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from assistant.access.owner import api_key
from assistant.audio import SPEECH, AudioChunk
from assistant.config import Config
from assistant.convert import converted
from assistant.errors import AssistantError, ServiceError
from assistant.streams import once

__all__ = ["QUESTIONS", "DaemonProcess", "Seen", "daemon_process", "sound_settings", "spoken_question"]

QUESTIONS = {
    "de": ("Wie spät ist es?", "Was ist sieben mal acht?", "Welcher Tag ist heute?"),
    "en": (
        "What is the capital of France?",
        "What is the capital of Italy?",
        "Why is the sky blue?",
        "How many legs does a spider have?",
        "What do bees make?",
        "Which planet is closest to the sun?",
        "What is the largest animal on earth?",
    ),
    "es": ("¿Qué hora es?", "¿Cuánto es siete por ocho?", "¿Qué día es hoy?"),
    "fr": ("Quelle heure est-il ?", "Combien font sept fois huit ?", "Quel jour sommes-nous ?"),
}
"""What the demo asks where it is not told, by language: in others than English what needs no chat model."""

_READY = 180.0
"""Seconds that the daemon may take to open everything."""


@dataclass
class Seen:
    """What the events of one turn told."""

    device: str = ""
    """The device that heard the wake word."""
    wake: dict[str, Any] = field(default_factory=dict)
    """Name and score of the wake word."""
    transcript: str = ""
    """What was understood."""
    reply: str = ""
    """What was answered."""
    error: str = ""
    """What failed; empty where nothing did."""
    end: dict[str, Any] = field(default_factory=dict)
    """The data of the last event: outcome, parts of the receipt, models."""

    def see(self, event: Mapping[str, Any]) -> None:
        """Note what an event tells of the turn."""
        data = event["data"]
        match event["type"]:
            case "wake_word-end":
                self.device, self.wake = event["device"], data
            case "stt-end":
                self.transcript = data["text"]
            case "intent-progress":
                self.reply += data["delta"]
            case "error":
                self.error = data["message"]
            case "run-end":
                self.end = data

    @property
    def failure(self) -> AssistantError | None:
        """Return what is wrong with the turn, or None where the question was answered."""
        if self.wake and not self.end:
            return ServiceError("the daemon ended during the turn", hint="its message is above")
        if not self.wake:
            return ServiceError("the wake word was not heard", hint="`assistant listen` takes a turn without one")
        if self.error:
            return ServiceError(f"the turn failed: {self.error}", hint="try: assistant check")
        if not self.reply:
            return ServiceError("the question was not understood", hint="`assistant transcribe FILE` hears a recording")
        return None


@dataclass(frozen=True, slots=True)
class DaemonProcess:
    """A daemon that runs, and how to reach it."""

    url: str
    """Of its HTTP door."""
    key: str
    """What requests must carry."""
    process: asyncio.subprocess.Process
    """The process itself."""

    async def ready(self, session: aiohttp.ClientSession) -> None:
        """Wait until everything is open; raises ServiceError that names what is not."""
        not_open: dict[str, str] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY):
                while self.process.returncode is None:
                    with suppress(aiohttp.ClientError):
                        async with session.get(f"{self.url}/readyz") as response:
                            not_open = (await response.json())["not_open"]
                            if response.status == 200:
                                return
                            _check_failed(not_open)
                    await asyncio.sleep(0.2)
        if self.process.returncode is not None:
            raise self._ended()
        names = ", ".join(f"{name} ({why})" for name, why in not_open.items()) or "nothing answers"
        raise ServiceError(f"the daemon is not ready after {_READY:g} s: {names}", hint="try: assistant check")

    async def _alive(self, session: aiohttp.ClientSession) -> None:
        while self.process.returncode is None:
            with suppress(aiohttp.ClientError):
                async with session.get(f"{self.url}/healthz"):
                    return
            await asyncio.sleep(0.1)
        raise self._ended()

    def _ended(self) -> ServiceError:
        return ServiceError(f"the daemon ended with code {self.process.returncode}", hint="its message is above")

    async def events(self, session: aiohttp.ClientSession) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the daemon's events: `type`, `turn`, `device`, `data`. The first is of type `open`."""
        await self._alive(session)
        headers = {"Authorization": f"Bearer {self.key}"}
        quiet = aiohttp.ClientTimeout(total=None, sock_read=120)
        async with _said(), session.get(f"{self.url}/events", headers=headers, timeout=quiet) as response:
            response.raise_for_status()
            yield {"type": "open", "turn": "", "device": "", "data": {}}
            kind = ""
            async for line in response.content:
                name, _, value = line.decode().strip().partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    yield {"type": kind, **json.loads(value)}


def _check_failed(not_open: Mapping[str, str]) -> None:
    """Raise ServiceError where a model has failed: nobody mends it while the demo waits."""
    for name, why in not_open.items():
        if name.startswith("model ") and why not in ("closed", "opening"):
            raise ServiceError(f"the daemon is not ready: {why}", hint="try: assistant models pull; assistant check")


@asynccontextmanager
async def _said() -> AsyncGenerator[None, None]:
    """Say in our own words that the daemon cannot be read from."""
    try:
        yield
    except aiohttp.ClientError as error:
        raise ServiceError(f"the daemon's events cannot be read: {error}", hint="its message is above") from None


@asynccontextmanager
async def daemon_process(
    config: Config, file: Path | None, environment: Mapping[str, str]
) -> AsyncGenerator[DaemonProcess, None]:
    """Run `assistant run` with *file* and *environment* while the context lasts; it is asked to stop at the end."""
    port = _free_port()
    arguments = [sys.executable, "-m", "assistant", *(["--config", str(file)] if file else []), "run"]
    door = {"ENABLED": "true", "HOST": "127.0.0.1", "PORT": str(port)}
    settings = {f"INGLENOOK__HTTP__{key}": value for key, value in door.items()} | {"INGLENOOK__LOG__LEVEL": "warning"}
    process = await asyncio.create_subprocess_exec(*arguments, env={**os.environ, **settings, **environment})
    try:
        yield DaemonProcess(f"http://127.0.0.1:{port}", api_key(config.http), process)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 15)
        except TimeoutError:
            process.kill()
            await process.wait()


def sound_settings(config: Config, source: Mapping[str, str], sink: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that give the first device another microphone and speaker, and leave the others out."""
    first, *others = config.devices
    variables = {f"INGLENOOK__DEVICES__{_spelled(name)}": "null" for name in others}
    for model, options in ((config.devices[first].source, source), (config.devices[first].sink, sink)):
        for key, value in options.items():
            variables[f"INGLENOOK__MODELS__{_spelled(model)}__{_spelled(key)}"] = value
    return variables


async def spoken_question(phrase: Sequence[AudioChunk], question: Sequence[AudioChunk]) -> list[AudioChunk]:
    """Return a wake phrase, a breath and a question as a person says them: 16 kHz mono, with silence around."""
    said = [_still(1.0)]
    for part in (phrase, question):
        async with aclosing(converted(once(*part), SPEECH)) as chunks:
            said += [chunk async for chunk in chunks]
        said.append(_still(0.5))
    return said


def _still(seconds: float) -> AudioChunk:
    return AudioChunk(bytes(SPEECH.size(seconds)), SPEECH)


def _spelled(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name).upper()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
