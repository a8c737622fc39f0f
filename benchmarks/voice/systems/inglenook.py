"""Our own daemon's voice pipeline: assembled as `assistant run` does it, with a stage as microphone and speaker.

Turns begin without a wake word, but the wake engine listens all the while, as it does at home. The chat model answers
everything, as it does in the others. A turn hears nothing from before its own file, which has 0.6 s of a room of its
own before the first word: nobody's room grows 30 dB louder in between. Only `inglenook_intents` has its intents and
skills. `inglenook_fixed` waits 0.7 s for every end, whatever it understands.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from assistant.assembly import assemble, find_plugins
from assistant.audio import SPEECH, AudioChunk
from assistant.config import load
from assistant.engines import Capabilities, EngineConfig, EngineSpec, Kind
from assistant.events import EventBus, EventType
from assistant.hookspecs import hookimpl
from assistant.paths import models_folder
from assistant.pipeline.listen import Listener
from assistant.pipeline.receipt import Receipt
from assistant.pipeline.utterance import LEAD_IN
from assistant.speech import Played
from voice.settings import Converse, Settings
from voice.stage import Stage

__all__ = ["opened"]

_CHUNK = 0.032
"""Seconds that the engine `pyaudio-source` gives at once."""
_PIECE = 0.08
"""Seconds that are played at once."""


class StageConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engines `stage-source` and `stage-sink`."""

    device: int
    """Which stage."""


class _Device:
    """A stage as a source and a sink."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        async with aclosing(self._stage.capture(_CHUNK)) as chunks:
            async for at, pcm in chunks:
                yield AudioChunk(pcm, SPEECH, at)

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        loop = asyncio.get_running_loop()
        played, ready = 0.0, loop.time()
        async for chunk in audio:
            if played == 0.0:
                ready = loop.time()
                yield Played(0.0, ready)
            size = chunk.format.size(_PIECE)
            for at in range(0, len(chunk.audio), size):
                piece = chunk.audio[at : at + size]
                self._stage.current.play(piece, chunk.format.rate)
                played += chunk.format.seconds(len(piece))
                ready = max(ready, loop.time()) + chunk.format.seconds(len(piece))
                await asyncio.sleep(ready - loop.time())
                yield Played(played, loop.time())


def _plugin(stages: Sequence[Stage]) -> SimpleNamespace:
    """Return a plugin that offers the stages as engines."""

    @asynccontextmanager
    async def open_device(config: StageConfig) -> AsyncGenerator[_Device, None]:
        yield _Device(stages[config.device])

    @hookimpl
    def assistant_engines() -> list[EngineSpec[Any, Any]]:
        spec = partial(EngineSpec, config=StageConfig, describe=lambda _: Capabilities(), open=open_device)
        return [spec(name="stage-source", kind=Kind.SOURCE), spec(name="stage-sink", kind=Kind.SINK)]

    return SimpleNamespace(assistant_engines=assistant_engines)


def _configuration(settings: Settings) -> dict[str, Any]:
    endpoint: dict[str, Any] = {"follow_up": 0}
    if settings.system == "inglenook_fixed":
        endpoint |= {"silence": 0.7, "shortest": 0.7, "longest": 0.7}
    assistant: dict[str, Any] = {
        "language": "en",
        "prompt": settings.prompt,
        "max_tokens": settings.max_tokens,
        "endpoint": endpoint,
    }
    if settings.system != "inglenook_intents":
        assistant["intent"] = ""
    models: dict[str, Any] = {
        "stt": {"model": settings.whisper},
        "chat": {"temperature": settings.sampling["temperature"]},
    }
    devices: dict[str, Any] = {"room": None}
    for n in range(settings.devices):
        source, sink = ("microphone", "speaker") if n == 0 else (f"microphone{n}", f"speaker{n}")
        models |= {source: {"engine": "stage-source", "device": n}, sink: {"engine": "stage-sink", "device": n}}
        devices[f"room{n}"] = {"source": source, "sink": sink, "duck": 1}  # nothing else plays
    models["chat"]["repeat_penalty"] = settings.sampling["repeat_penalty"]
    return {
        "assistants": {"jarvis": assistant},
        "models": models,
        "devices": devices,
        "conversation": {"expiry": 0.1},  # every utterance is a first one, as it is for the others
        "log": {"level": "warning"},
    }


@asynccontextmanager
async def opened(settings: Settings, stages: Sequence[Stage]) -> AsyncGenerator[Converse, None]:
    """Open every engine, prepare the phrases, and listen at all stages."""
    with tempfile.TemporaryDirectory() as home:  # the receipts of a benchmark are nobody's history
        (Path(home) / "data").mkdir()
        (Path(home) / "data" / "models").symlink_to(models_folder())
        os.environ["INGLENOOK_HOME"] = home
        file = Path(home) / "assistant.yaml"
        file.write_text(yaml.safe_dump(_configuration(settings)))
        loaded = load(file)
        plugins = find_plugins(loaded)
        plugins.add("benchmark-stage", lambda: _plugin(stages))
        by_device = {f"room{stage.device}": stage for stage in stages}

        def keep(receipt: Receipt) -> None:
            by_device[receipt.device].current.receipt |= asdict(receipt)

        async with assemble(loaded, plugins) as assembly:
            for model in assembly.models():
                await assembly.pool.open(model.id)
            await assembly.equipment.phrases.prepare(assembly.pool, assembly.config.assistants)
            equipment = replace(assembly.equipment, keep=keep)
            listeners = [Listener(name, assembly.config.devices[name], equipment) for name in by_device]
            tasks = [asyncio.create_task(listener.run()) for listener in listeners]
            tasks.append(asyncio.create_task(_watch(assembly.events, by_device)))
            for listener in listeners:
                await listener.listening.wait()

            async def converse(stage: Stage) -> None:
                await stage.current.begun.wait()
                turn = listeners[stage.device].begin("jarvis", None, stage.current.began + LEAD_IN)
                try:
                    await asyncio.wait({turn})
                finally:
                    turn.cancel()
                    with suppress(asyncio.CancelledError):
                        await turn

            try:
                yield converse
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)


async def _watch(events: EventBus, stages: dict[str, Stage]) -> None:
    """Note what the turns tell; a draft that is not committed tells nothing."""
    async with aclosing(events.subscribe()) as told:
        async for event in told:
            if not event.turn:
                continue
            take = stages[event.device].current
            match event.type:
                case EventType.STT_VAD_END:
                    take.end()
                case EventType.STT_END:
                    take.transcripts.append(str(event.data["text"]))
                case EventType.INTENT_PROGRESS:
                    take.reply += str(event.data["delta"])
                case EventType.ERROR:
                    take.error = str(event.data["message"])
