"""A room that is computed: a speaker, a microphone that hears it, and people, in virtual time, with real engines.

However busy the machine is, it sounds the same; only the time that work takes is not felt in it.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt

from assistant import SPEECH, AudioChunk, EventType, Kind, Played, TurnEvent, hookimpl
from assistant.assembly import Assembly, assemble
from assistant.config import load
from assistant.convert import Converter
from assistant.engines import AnySpec
from assistant.pipeline.listen import Listener
from assistant.plugins import Plugins
from assistant.soundcard import Room
from assistant.streams import prefetch
from assistant.testing import FakeChat, fake_spec
from tests.e2e.conftest import EVEN
from tests.e2e.test_recordings import collect, data

RATE = SPEECH.rate
STEP = 0.04
"""Seconds of sound that the microphone hands on at once."""
AHEAD = 15
"""Pieces of 20 ms that the speaker asks for before it plays them."""
LATE = 0.02
"""Seconds until a block of the microphone arrives."""

Floats = npt.NDArray[np.float64]


class Air:
    """Sound on the clock of the event loop, from all who add to it."""

    def __init__(self) -> None:
        self._samples: Floats = np.zeros(RATE)

    def add(self, first: int, sound: Floats) -> None:
        """Add *sound* from a sample on."""
        while len(self._samples) < first + len(sound):
            self._samples = np.concatenate((self._samples, np.zeros_like(self._samples)))
        self._samples[first : first + len(sound)] += sound

    def part(self, first: int, last: int) -> Floats:
        """Return the samples from one to another; silence before the beginning and after the end."""
        part = self._samples[max(0, first) : max(0, last)]
        return np.concatenate((np.zeros(max(0, -first)), part, np.zeros(last - max(0, first) - len(part))))


class Speaker:
    """Plays as a device does: each answer opens it anew, behind other buffers."""

    def __init__(self, chance: random.Random) -> None:
        self.air = Air()
        self._chance = chance

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        loop, converter, seconds = asyncio.get_running_loop(), None, 0.0
        behind = 0.03 + self._chance.uniform(-0.01, 0.01)
        leaves, sample = 0.0, 0
        async with prefetch(_passed(audio), AHEAD) as ahead:
            async for chunk in ahead:
                if converter is None or converter.source != chunk.format:
                    converter = Converter(chunk.format, SPEECH)
                if loop.time() > leaves + 0.001:  # the first one, or there was nothing to play
                    leaves = loop.time()
                    sample = round((leaves + behind) * RATE)
                if not seconds:
                    yield Played(0.0, leaves)
                sound = np.frombuffer(converter.push(chunk.audio), "<i2").astype(float)
                self.air.add(sample, sound)
                sample += len(sound)
                leaves += chunk.duration
                seconds += chunk.duration
                await asyncio.sleep(leaves - loop.time())
                yield Played(seconds, loop.time() + self._chance.uniform(-0.001, 0.001))


async def _passed(audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
    async for chunk in audio:
        yield chunk


class Microphone:
    """Hears people, the speaker through the room, and a little noise."""

    def __init__(self, people: Air, speaker: Air, room: Room) -> None:
        self._people = people
        self._speaker = speaker
        self._response = room.response()
        self._noise = np.random.default_rng(1)

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        loop = asyncio.get_running_loop()
        count = round(STEP * RATE)
        first = round(loop.time() * RATE)
        while True:
            last = first + count
            await asyncio.sleep(last / RATE + LATE - loop.time())
            played = self._speaker.part(first - len(self._response) + 1, last)
            size = 1 << len(played).bit_length()
            echo = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(self._response, size), size)
            heard = echo[len(self._response) - 1 : len(played)] + self._people.part(first, last)
            heard += 10 * self._noise.standard_normal(count)
            audio = np.clip(np.rint(heard), -32768, 32767).astype("<i2").tobytes()
            yield AudioChunk(audio, SPEECH, first / RATE)
            first = last


@dataclass
class House:
    """What stands in the room, and what happened in it."""

    people: Air
    """What people say."""
    speaker: Speaker
    """What the assistant says."""
    chat: FakeChat
    """What it thinks."""
    assembly: Assembly = field(init=False)
    """All parts of the daemon."""
    events: list[TurnEvent] = field(default_factory=list)

    def say(self, sound: Iterable[AudioChunk]) -> float:
        """Let a person speak from now on; return how many seconds it takes."""
        audio = np.frombuffer(b"".join(chunk.audio for chunk in sound), "<i2").astype(float)
        self.people.add(round(asyncio.get_running_loop().time() * RATE), audio)
        return len(audio) / RATE

    @property
    def outcomes(self) -> list[str]:
        """Return how the turns ended so far."""
        return data(self.events, EventType.RUN_END, "outcome")

    @property
    def texts(self) -> list[str]:
        """Return what was understood so far."""
        return data(self.events, EventType.STT_END, "text")

    async def until(self, turns: int) -> None:
        """Wait until so many turns have ended."""
        async with asyncio.timeout(120):
            while len(self.outcomes) < turns:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def house(folder: Path, room: Room, replies: list[str]) -> AsyncGenerator[House, None]:
    """Listen in a computed room, with a chat model that gives *replies*; to be used in virtual time."""
    people, speaker = Air(), Speaker(random.Random(1))
    made = House(people, speaker, FakeChat(list(replies)))
    specs = [
        fake_spec("house-microphone", Kind.SOURCE, Microphone(people, speaker.air, room)),
        fake_spec("house-speaker", Kind.SINK, speaker),
    ]
    async with listening(folder, HOUSE, made.chat, made.events, *specs) as made.assembly:
        yield made


HOUSE = "microphone: {engine: house-microphone}, speaker: {engine: house-speaker}"
DEVICES = "microphone: {engine: pyaudio-source, device: microphone}, speaker: {engine: pyaudio-sink, device: speaker}"
"""Where the sound comes from and goes to."""


@asynccontextmanager
async def listening(
    folder: Path, sound: str, chat: FakeChat, events: list[TurnEvent], *specs: AnySpec
) -> AsyncGenerator[Assembly, None]:
    """Listen with the default engines, an echo canceller and a chat model that follows a script."""
    plugins = Plugins.load()
    offered = [fake_spec("house-chat", Kind.CHAT, chat), *specs]
    plugins.add("house", lambda: SimpleNamespace(assistant_engines=hookimpl(lambda: offered)))
    file = folder / "house.yaml"
    models = f"echo: {{engine: webrtc-aec, tail: 0.8}}, chat: {{engine: house-chat}}, {sound}"
    file.write_text(f"models: {{{models}}}\ndevices: {{room: {{echo: echo}}}}\n")
    loaded = load(file, EVEN)
    async with assemble(loaded, plugins) as assembly:
        for model in assembly.models():
            await assembly.pool.open(model.id)
        listener = Listener("room", loaded.config.devices["room"], assembly.equipment)
        told = assembly.events.subscribe()
        tasks = [asyncio.create_task(listener.run()), asyncio.create_task(collect(told, events))]
        await listener.listening.wait()
        try:
            yield assembly
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
