"""A room with one device, whose engines do as they are told, in virtual time."""

import array
import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from assistant import AudioChunk, Capabilities, EventType, Kind, Played, Tool, TurnEvent
from assistant.config import AssistantConfig, ConversationConfig, DeviceConfig, TimeoutConfig
from assistant.controls import Controls
from assistant.engines import AnySpec
from assistant.events import EventBus
from assistant.models.pool import Model, Pool
from assistant.pipeline.conversation import Conversations, Exchange
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.listen import Listener
from assistant.pipeline.phrases import Phrases
from assistant.pipeline.receipt import Receipt
from assistant.streams import prefetch
from assistant.testing import (
    FakeChat,
    FakeEcho,
    FakeSink,
    FakeSource,
    FakeStt,
    FakeTts,
    FakeVad,
    FakeWake,
    fake_spec,
    tone,
)

MARKER = AudioChunk((0x7ABC).to_bytes(2, "little") + b"\x10\x10" * 1279, tone(0.01).format)
"""80 ms in which the fake wake word ends."""


def quiet(seconds: float) -> list[AudioChunk]:
    """Make silence in chunks of 80 ms."""
    return [AudioChunk(bytes(2560), MARKER.format)] * round(seconds / 0.08)


def voice(seconds: float) -> list[AudioChunk]:
    """Make sound that the fake detector takes for speech, in chunks of 80 ms."""
    return [AudioChunk(b"\x10\x10" * 1280, MARKER.format)] * round(seconds / 0.08)


@dataclass
class Room:
    """What is in the room, and what happened there."""

    hears: list[AudioChunk]
    """What the microphone captures; silence follows for ever."""
    stt: FakeStt = field(default_factory=FakeStt)
    chat: FakeChat = field(default_factory=FakeChat)
    tts: FakeTts = field(default_factory=FakeTts)
    sink: FakeSink = field(default_factory=FakeSink)
    tools: dict[str, Tool] = field(default_factory=dict)
    config: AssistantConfig = field(default_factory=lambda: AssistantConfig(wake=["hey_jarvis"], turn="", intent=""))
    timeouts: TimeoutConfig = field(default_factory=TimeoutConfig)
    events: list[TurnEvent] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    device: DeviceConfig = field(default_factory=DeviceConfig)
    hears_itself: bool = False
    """Whether the microphone hears the speaker too."""
    controls: Controls = field(default_factory=lambda: Controls(["room"]))
    """What is set at the device."""
    specs: dict[str, AnySpec] = field(default_factory=dict)
    """Engines that take the place of the fakes."""

    def said(self, kind: EventType) -> list[dict[str, Any]]:
        """Return the data of every event of a kind."""
        return [dict(event.data) for event in self.events if event.type == kind]

    def types(self) -> list[EventType]:
        """Return the types of all events, in order."""
        return [event.type for event in self.events]

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Listener, None]:
        """Begin to listen, and stop at the end."""
        speaker = _Speaker(self.sink)
        source = _Microphone(self.hears, speaker) if self.hears_itself else FakeSource(self.hears)
        specs = {
            "microphone": fake_spec("microphone", Kind.SOURCE, source),
            "speaker": fake_spec("speaker", Kind.SINK, speaker),
            "echo": fake_spec("echo", Kind.ECHO, FakeEcho()),
            "wake": fake_spec("wake", Kind.WAKE, FakeWake(), Capabilities(parallel=9)),
            "vad": fake_spec("vad", Kind.VAD, FakeVad(), Capabilities(parallel=9)),
            "stt": fake_spec("stt", Kind.STT, self.stt),
            "chat": fake_spec("chat", Kind.CHAT, self.chat, Capabilities(tools=True, parallel=2)),
            "tts": fake_spec("tts", Kind.TTS, self.tts),
            **self.specs,
        }
        specs["microphone"] = self.controls.guarded("room", specs["microphone"])
        models = {id_: Model(id_, spec, spec.config(), spec.describe(spec.config())) for id_, spec in specs.items()}
        pool = Pool(models, lambda config: config)
        loop = asyncio.get_running_loop()
        bus = EventBus()
        bus.publish = self.events.append  # type: ignore[method-assign, assignment]
        self.controls._events = bus
        phrases = Phrases()
        assistants = {"jarvis": self.config}
        light = ThreadPoolExecutor(1)
        equipment = Equipment(
            pool=pool,
            assistants=assistants,
            conversations=Conversations(ConversationConfig(), loop.time),
            tools=self.tools,
            route=lambda request, candidates: None,
            events=bus,
            phrases=phrases,
            timeouts=self.timeouts,
            keep=self.receipts.append,
            light=light,
            remember=self.exchanges.append,
            controls=self.controls,
        )
        await phrases.prepare(pool, assistants)
        self.tts.said.clear()
        listener = Listener("room", self.device, equipment)
        running = asyncio.create_task(listener.run())
        try:
            yield listener
        finally:
            running.cancel()
            await asyncio.wait({running})
            await pool.close()
            light.shutdown()

    async def until(self, done: Callable[[], object], patience: float = 120.0) -> None:
        """Wait until *done*, at most *patience* virtual seconds."""
        async with asyncio.timeout(patience):
            while not done():
                await asyncio.sleep(0.02)

    async def live(self, seconds: float = 20.0) -> None:
        """Let some time pass in the room."""
        async with self.opened():
            await asyncio.sleep(seconds)

    @property
    def sounded(self) -> float:
        """Return the seconds of sound that the speaker has given."""
        return sum(chunk.duration for chunk in self.sink.heard)


class _Speaker:
    """Plays in a room, asks for a tenth of a second ahead, as real ones do, and knows what is leaving it."""

    def __init__(self, sink: FakeSink) -> None:
        self._sink = sink
        self.leaving: deque[AudioChunk] = deque(maxlen=9)

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        sound = cast("AsyncGenerator[AudioChunk, None]", audio)
        async with prefetch(sound, 5) as ahead, aclosing(self._sink.play(self._noted(ahead))) as progress:
            async for played in progress:
                yield played

    async def _noted(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
        async for chunk in audio:  # of 20 ms, asked for when it begins to leave
            self.leaving.append(AudioChunk(chunk.audio, chunk.format, asyncio.get_running_loop().time()))
            yield chunk


class _Microphone(FakeSource):
    """Hears what there is to be heard in a room, and a speaker."""

    def __init__(self, chunks: Iterable[AudioChunk], speaker: _Speaker) -> None:
        super().__init__(chunks)
        self._speaker = speaker

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        async with aclosing(super().capture()) as audio:
            async for chunk in audio:
                yield self._with_echo(chunk)

    def _with_echo(self, chunk: AudioChunk) -> AudioChunk:
        """Add what leaves the speaker; the fake voice is a constant, so that any sample of it will do."""
        samples = array.array("h", chunk.audio)
        echo = array.array("h", bytes(len(chunk.audio)))
        for piece in self._speaker.leaving:
            first = round((piece.timestamp - chunk.timestamp) * 16_000)
            for n in range(max(0, first), min(len(echo), first + len(piece.audio) // 2 + 1)):
                echo[n] = int.from_bytes(piece.audio[-2:], "little", signed=True)
        mixed = array.array("h", (sample + more for sample, more in zip(samples, echo, strict=True)))
        return AudioChunk(mixed.tobytes(), chunk.format, chunk.timestamp)
