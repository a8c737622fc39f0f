"""Engines that do as a script says: for races, failures and virtual time. Real engines are tested on real models."""

import array
import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from assistant.audio import SPEECH, AudioChunk, AudioFormat
from assistant.chat import ChatDelta, ChatRequest, Done, TextDelta
from assistant.engines import AnySpec, Capabilities, EngineConfig, EngineSpec, Kind
from assistant.entities import Vocabulary
from assistant.errors import AudioTooLong, EngineError, ImageError, UnknownAudio
from assistant.speech import Detection, Played, Recognition, SpeechProbability, SttOptions, Transcript, Voice
from assistant.vision import Finding, Image, VisionTask

__all__ = [
    "FakeChat",
    "FakeCodec",
    "FakeEcho",
    "FakeEmbed",
    "FakeIntent",
    "FakeSink",
    "FakeSource",
    "FakeStt",
    "FakeTts",
    "FakeTurn",
    "FakeVad",
    "FakeVision",
    "FakeWake",
    "fake_spec",
]

Script = str | Exception | float
"""One step of a scripted engine: say this, raise this, or do nothing for so many seconds."""


@dataclass
class FakeSource:
    """Capture prepared chunks, at the pace of a microphone."""

    chunks: Iterable[AudioChunk]
    """16 kHz mono; the timestamps are set to the clock of the loop."""
    forever: bool = True
    """Whether silence follows, as from a microphone, or the source ends."""

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        """Yield the chunks, then silence."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for chunk in self._sound():
            stamped = AudioChunk(chunk.audio, chunk.format, now)
            now = stamped.end
            await asyncio.sleep(now - loop.time())
            yield stamped

    def _sound(self) -> Iterable[AudioChunk]:
        yield from self.chunks
        while self.forever:
            yield AudioChunk(bytes(SPEECH.size(0.08)), SPEECH)


@dataclass
class FakeSink:
    """Take sound and remember it, at the pace of a speaker."""

    heard: list[AudioChunk] = field(default_factory=list)
    """What has been played so far, over all answers."""
    fails: Exception | None = None
    """Raised by the next answer instead of playing it."""

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        """Play in pieces of up to 80 ms."""
        if self.fails:
            error, self.fails = self.fails, None
            raise error
        loop = asyncio.get_running_loop()
        seconds = 0.0
        async for chunk in audio:
            size = chunk.format.size(0.08)
            for at in range(0, len(chunk.audio), size):
                piece = AudioChunk(chunk.audio[at : at + size], chunk.format, loop.time())
                if seconds == 0:
                    yield Played(0.0, loop.time())
                await asyncio.sleep(piece.duration)
                self.heard.append(piece)
                seconds += piece.duration
                yield Played(seconds, loop.time())


@dataclass
class FakeWake:
    """Hear a word wherever the sound starts with a marker sample."""

    word: str = "hey_jarvis"
    """What is heard."""
    marker: int = 0x7ABC
    """A chunk whose first sample has this value is the end of the word."""

    def push(self, chunk: AudioChunk) -> Sequence[Detection]:
        """Look at the first sample."""
        if int.from_bytes(chunk.audio[:2], "little") != self.marker:
            return ()
        return (Detection(self.word, 0.9, chunk.end),)

    def fork(self) -> Self:
        """Return a fresh stream."""
        return type(self)(self.word, self.marker)


@dataclass
class FakeVad:
    """Take every chunk that is not digital silence for speech."""

    def push(self, chunk: AudioChunk) -> Sequence[SpeechProbability]:
        """Say 1 or 0 for the chunk as one frame."""
        return (SpeechProbability(float(any(chunk.audio)), chunk.timestamp, chunk.end),)

    def fork(self) -> Self:
        """Return a fresh stream."""
        return type(self)()


@dataclass
class FakeEcho:
    """Take the played sound for its own echo, as loud as it was played and without delay."""

    def process(self, mic: AudioChunk, played: AudioChunk) -> AudioChunk:
        """Subtract one from the other."""
        heard, own = array.array("h", mic.audio), array.array("h", played.audio)
        clean = array.array("h", (max(-32768, min(h - o, 32767)) for h, o in zip(heard, own, strict=True)))
        return AudioChunk(clean.tobytes(), mic.format, mic.timestamp)

    def fork(self) -> Self:
        """Return a fresh canceller."""
        return type(self)()


@dataclass
class FakeTurn:
    """Return the scripted probabilities that the turn ends, one for each time it is asked."""

    script: list[float] = field(default_factory=list)
    """What comes next; undecided once it is used up."""
    heard: list[float] = field(default_factory=list)
    """Seconds of sound it was asked about so far."""

    def score(self, audio: AudioChunk) -> float:
        """Say what the script says."""
        self.heard.append(audio.duration)
        return self.script.pop(0) if self.script else 0.5


@dataclass
class FakeEmbed:
    """Place sentences where it is told."""

    places: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Vectors of unit length by sentence; one that is not among them is far from all others."""
    asked: list[str] = field(default_factory=list)
    """The sentences so far."""

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Say where they are."""
        self.asked += texts
        size = len(next(iter(self.places.values()), ()))
        return [self.places.get(text, (0.0,) * size) for text in texts]


@dataclass(eq=False)
class FakeIntent:
    """Understand the sentences it is given, word for word."""

    understands: Mapping[str, Recognition] = field(default_factory=dict)
    """What each sentence asks for."""
    says: Mapping[str, str] = field(default_factory=dict)
    """The response of each intent, filled in as `str.format` does."""
    taught: list[Vocabulary] = field(default_factory=list)
    """What it was taught so far."""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """The texts, languages and contexts it was asked about so far."""

    def teach(self, vocabulary: Vocabulary) -> None:
        """Remember what was taught."""
        self.taught.append(vocabulary)

    def recognise(self, text: str, language: str, context: dict[str, str]) -> Recognition | None:
        """Look the sentence up."""
        self.asked.append((text, language, context))
        return self.understands.get(text)

    def phrase(self, intent: str, key: str, language: str, facts: Mapping[str, Any]) -> str:
        """Fill the response in."""
        return self.says.get(intent, "").format(**facts)


@dataclass
class FakeStt:
    """Return the scripted transcripts, one for each utterance."""

    script: list[Script | Sequence[Transcript]] = field(default_factory=list)
    """What comes next: text, or the very transcripts; empty transcripts once it is used up."""
    options: list[SttOptions] = field(default_factory=list)
    """What was to be taken into account so far."""
    heard: list[float] = field(default_factory=list)
    """Seconds of sound in each utterance so far."""
    language: str = "en"
    """BCP-47 tag of every transcript."""

    async def transcribe(
        self, audio: AsyncIterator[AudioChunk], options: SttOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Listen to the end, then say what the script says."""
        seconds = 0.0
        async for chunk in audio:
            seconds += chunk.duration
        self.heard.append(seconds)
        self.options.append(options)
        if self.script and isinstance(self.script[0], list | tuple):
            transcripts: Sequence[Transcript] = self.script.pop(0)  # type: ignore[assignment]
            for transcript in transcripts:
                yield transcript
            return
        text = await _next(self.script)
        yield Transcript(text if seconds else "", self.language)


@dataclass
class FakeChat:
    """Return the scripted replies, word by word."""

    script: list[Script | Sequence[ChatDelta]] = field(default_factory=list)
    """What comes next: text, or the very deltas."""
    requests: list[ChatRequest] = field(default_factory=list)
    """What was asked so far."""
    warmed: list[ChatRequest] = field(default_factory=list)
    """What was warmed so far."""
    pace: float = 0.01
    """Seconds between two words."""
    finished: int = 0
    """Replies that came to their end."""

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Say what the script says."""
        self.requests.append(request)
        if self.script and isinstance(self.script[0], list | tuple):
            deltas: Sequence[ChatDelta] = self.script.pop(0)  # type: ignore[assignment]
        else:
            words = (await _next(self.script)).split(" ")
            deltas = [TextDelta(f" {word}" if n else word) for n, word in enumerate(words)] + [Done("stop")]
        for delta in deltas:
            await asyncio.sleep(self.pace)
            yield delta
        self.finished += 1

    async def warm(self, request: ChatRequest) -> None:
        """Remember what was warmed."""
        self.warmed.append(request)


@dataclass
class FakeTts:
    """Speak as a buzz: a tenth of a second for each word."""

    said: list[str] = field(default_factory=list)
    """Clauses spoken so far."""
    fails: Exception | float | None = None
    """Raised by the next clause, or how many seconds it hangs."""
    format: AudioFormat = field(default_factory=lambda: AudioFormat(22_050))
    """Of the sound."""

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        """Buzz for each clause."""
        async for clause in text:
            if not clause.strip():
                continue
            if isinstance(self.fails, Exception):
                error, self.fails = self.fails, None
                raise error
            if self.fails:
                await asyncio.sleep(self.fails)
            self.said.append(clause)
            samples = self.format.size(0.1 * len(clause.split())) // 2
            yield AudioChunk(b"\x10\x20" * samples, self.format)


@dataclass
class FakeCodec:
    """Read and write files of a format of its own: `FAKE`, the encoding, a blank, and the samples."""

    async def decode(self, data: bytes, most: float) -> AsyncGenerator[AudioChunk, None]:
        """Give back what is behind the blank, as 16 kHz."""
        head, _, audio = data.partition(b" ")
        if not head.startswith(b"FAKE"):
            raise UnknownAudio("the file is in no format that is known")
        chunk = AudioChunk(audio, SPEECH)
        if chunk.duration > most:
            raise AudioTooLong(f"the sound lasts more than {most:g} s")
        yield chunk

    async def encode(self, audio: AsyncIterator[AudioChunk], encoding: str) -> AsyncGenerator[bytes, None]:
        """Put the head before the samples."""
        yield f"FAKE{encoding} ".encode()
        async for chunk in audio:
            yield chunk.audio


@dataclass
class FakeVision:
    """Find in every image that is whole what the script says."""

    found: Mapping[VisionTask, Sequence[Finding]] = field(default_factory=dict)
    """What each task finds; others cannot be done."""
    fails: Exception | float | None = None
    """Raised by the next look, or how many seconds it hangs."""
    seen: list[tuple[Image, VisionTask]] = field(default_factory=list)
    """What it was asked so far."""

    async def look(self, image: Image, task: VisionTask, confidence: float | None = None) -> tuple[Finding, ...]:
        """Find it."""
        self.seen.append((image, task))
        if isinstance(self.fails, Exception):
            error, self.fails = self.fails, None
            raise error
        await asyncio.sleep(self.fails or 0.01)
        if image.mime_type == "image/png" and b"IEND" not in image.data[-8:]:
            raise ImageError("the image is cut off")
        if task not in self.found:
            raise EngineError(f"it does no {task}")
        return tuple(finding for finding in self.found[task] if finding.confidence >= (confidence or 0.0))


async def _next(script: list[Any]) -> str:
    step = script.pop(0) if script else ""
    while isinstance(step, float):
        await asyncio.sleep(step)
        step = script.pop(0) if script else ""
    if isinstance(step, Exception):
        raise step
    return str(step)


class _NoOptions(EngineConfig, frozen=True, kw_only=True):
    """A fake has nothing to configure."""


def fake_spec(name: str, kind: Kind, engine: object, capabilities: Capabilities | None = None) -> AnySpec:
    """Wrap an engine that is already there as a spec, so that a daemon can open it."""

    @asynccontextmanager
    async def opened(config: _NoOptions) -> AsyncGenerator[object, None]:
        yield engine

    return EngineSpec(
        name=name, kind=kind, config=_NoOptions, describe=lambda _: capabilities or Capabilities(), open=opened
    )
