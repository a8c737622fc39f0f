"""Try a microphone and a speaker for a moment, and say what is wrong with them."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from assistant.audio import AudioChunk, AudioFormat
from assistant.engines import EngineConfig, Sink, Source
from assistant.errors import AssistantError
from assistant.soundcheck.device import Device
from assistant.soundcheck.samples import diagnose, is_silent
from assistant.soundcheck.server import Direction, Routed, complaints, routed, server_state
from assistant.soundcheck.tone import hears_notes, notes
from assistant.streams import in_thread, once

__all__ = ["Diagnosis", "Opens", "channel_complaints", "examine_array", "examine_sink", "examine_source"]

_LISTEN = 2.0
"""Seconds to listen to a microphone."""
_CHANNEL = 0.6
"""Seconds to listen to each channel of an array."""
_SILENT = 5.0
"""Seconds without a chunk after which a microphone gives nothing."""
_ARRAY = range(3, 17)
"""Channels that make an array; PulseAudio claims 32 where it only knows better than the device."""
_SETTLE = 0.3
"""Seconds of sound before the notes are played, and after."""
_ROUTE = 0.2
"""Seconds after which a stream that plays is known to the sound server."""

Opens = Callable[[Any], AbstractAsyncContextManager[Any]]
"""Opens an engine with a configuration."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What came of trying a device."""

    complaints: tuple[str, ...] = ()
    """What is wrong and what to do, a sentence each."""
    failure: AssistantError | None = None
    """Why it could not be tried; None where it could."""
    device: Routed | None = None
    """Where a sound server led it to; None where there is none."""
    format: AudioFormat | None = None
    """How it was opened, as far as its engine tells."""
    notes_heard: bool | None = None
    """Whether a microphone heard the notes that a speaker played; None where none listened."""

    @property
    def note(self) -> str:
        """Return what a person may want to know of a device that works."""
        parts = []
        if self.device is not None:
            parts.append(f"{self.device.description}, {self.device.rate} Hz, {_channels(self.device.channels)}")
        elif self.format is not None:
            parts.append(f"{self.format.rate} Hz, {_channels(self.format.channels)}")
        if self.notes_heard is not None:
            parts.append("the microphone hears it" if self.notes_heard else _UNHEARD)
        return "; ".join(parts)


_UNHEARD = "two notes were played and the microphone did not hear them: it is off, a headphone, or cancels its echo"


def _channels(count: int) -> str:
    return "mono" if count == 1 else f"{count} channels"


@dataclass
class _Heard:
    """What a microphone gave in a moment of listening."""

    chunks: list[AudioChunk] = field(default_factory=list)
    device: Routed | None = None
    stopped: bool = False

    @property
    def seconds(self) -> float:
        return sum(chunk.duration for chunk in self.chunks)


async def examine_source(
    source: Source, seconds: float = _LISTEN, tell: Callable[[AudioChunk], None] = lambda chunk: None
) -> Diagnosis:
    """Listen for some *seconds* and *tell* what comes.

    A device that goes away meanwhile, or gives nothing, is a complaint and no error.
    """
    try:
        heard = await _listen(source, seconds, tell)
    except AssistantError as error:
        return Diagnosis(tuple(await _no_server()), error)
    found = complaints(heard.device) if heard.device else []
    if heard.stopped:
        found = found or [_stopped(heard), *await _no_server()]
    elif not found or not is_silent(heard.chunks):  # a mute is reason enough for silence
        found += diagnose(heard.chunks)
    return Diagnosis(tuple(found), device=heard.device, format=getattr(source, "format", None))


def _stopped(heard: _Heard) -> str:
    if heard.chunks:
        return (
            "The microphone went away while it was listened to: see to its cable, or to a sound server that restarts; "
            "the daemon waits for it and goes on when it is back."
        )
    return "It is open and gives no sound: another program may hold it, see `fuser -v /dev/snd/*`."


async def _listen(source: Source, seconds: float, tell: Callable[[AudioChunk], None] = lambda chunk: None) -> _Heard:
    heard = _Heard()
    try:
        async with asyncio.timeout(seconds + _SILENT), aclosing(source.capture()) as audio:
            async for chunk in audio:
                heard.chunks.append(chunk)
                tell(chunk)
                if len(heard.chunks) == 1:
                    heard.device = await routed("source")
                if heard.seconds >= seconds:
                    break
    except TimeoutError:
        heard.stopped = True
    heard.device = heard.device or await routed("source")
    return heard


async def examine_array(source: Source, config: EngineConfig, opens: Opens, device: Routed | None) -> tuple[str, ...]:
    """Listen to each channel of an array and say which of them spoil the mean; nothing for any other device.

    *config* is how *source* was opened; its options `device`, `channel` and `channels` are those of `pyaudio-source`.
    """
    count = await _count(source, config, device)
    if count not in _ARRAY or not hasattr(config, "channel"):
        return ()
    heard = []
    for channel in range(count):
        try:
            async with opens(structs.replace(config, channel=channel, channels=count)) as one:
                heard.append((await _listen(one, _CHANNEL)).chunks)
        except AssistantError:
            return ()  # it does not give all of them; what it gives has been looked at
    return channel_complaints(heard, getattr(config, "channel", None))


def channel_complaints(heard: Sequence[Sequence[AudioChunk]], chosen: int | None) -> tuple[str, ...]:
    """Return what is wrong with the *chosen* channel of an array, or with the mean of all, given the sound of each."""
    silent = [channel for channel, chunks in enumerate(heard) if not chunks or is_silent(chunks)]
    alive = [channel for channel in range(len(heard)) if channel not in silent]
    if not silent or not alive:
        return ()
    best = max(alive, key=lambda channel: _power(heard[channel]))
    what_to_do = f"set `channel: {best}` and `channels: {len(heard)}`, the loudest now."
    listed = ", ".join(map(str, silent))
    if chosen is None:
        return (f"The mean of {len(heard)} channels is taken, and nothing is on {listed}: {what_to_do}",)
    return (f"Nothing is on channel {chosen} of {len(heard)}: {what_to_do}",) if chosen in silent else ()


def _power(chunks: Sequence[AudioChunk]) -> float:
    import numpy as np

    samples = np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2").astype(np.float64)
    return float(np.mean(samples**2))


async def _count(source: Source, config: EngineConfig, device: Routed | None) -> int:
    """Return how many channels a microphone has; 0 where nobody knows."""
    if device is not None:
        return device.channels
    if not hasattr(source, "devices"):
        return 0
    listed: list[Device] = await in_thread(source.devices)
    wanted = str(getattr(config, "device", "default")).casefold()
    fitting = [found for found in listed if found.inputs and wanted in found.name.casefold()]
    fitting = fitting or [found for found in listed if found.inputs and found.default and wanted == "default"]
    return fitting[0].inputs if fitting else 0


async def examine_sink(sink: Sink, source: Source | None = None) -> Diagnosis:
    """Play two notes, and listen for them where a microphone is given."""
    heard, listens = _Heard(), asyncio.Event()
    listening = asyncio.create_task(_follow(source, heard, listens)) if source is not None else None
    asking = asyncio.create_task(_routed_soon("sink"))
    failure = None
    try:
        if listening is not None:
            with suppress(TimeoutError):  # a microphone that gives nothing has a diagnosis of its own
                await asyncio.wait_for(listens.wait(), _SILENT)
        async with aclosing(sink.play(once(notes()))) as progress:
            async for _ in progress:
                pass
        await asyncio.sleep(_SETTLE if heard.chunks else 0)
    except AssistantError as error:
        failure = error
    finally:
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await asyncio.wait({asking})
    device = asking.result()
    found = complaints(device) if device else []
    if failure is not None:
        found += await _no_server()
    notes_heard = hears_notes(heard.chunks) if heard.chunks else None
    return Diagnosis(tuple(found), failure, device, getattr(sink, "format", None), notes_heard)


async def _follow(source: Source, heard: _Heard, listens: asyncio.Event) -> None:
    try:
        async with aclosing(source.capture()) as audio:
            async for chunk in audio:
                heard.chunks.append(chunk)
                if heard.seconds >= _SETTLE:
                    listens.set()
    finally:
        listens.set()


async def _routed_soon(direction: Direction) -> Routed | None:
    """Return where a stream is led to that is about to be opened."""
    for _ in range(10):
        await asyncio.sleep(_ROUTE)
        if device := await routed(direction):
            return device
    return None


async def _no_server() -> list[str]:
    """Say that no sound server answers, where that can be asked: it is often the reason why a device fails."""
    trouble = (await server_state()).trouble
    if not trouble:
        return []
    whose = "it takes only programs of its own user, and this is root" if os.geteuid() == 0 else "start it again"
    return [
        f"No sound server answers ({trouble}), so there are only ALSA's devices: {whose}: "
        "`systemctl --user restart pipewire pipewire-pulse`, or `pulseaudio --start`."
    ]
