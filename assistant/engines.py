"""The kinds of engine and what each must do.

An engine is whatever an `EngineSpec.open` yields; it need not inherit from anything here.
All iterators are async generators: closing one stops the work within one step (one token, one window, one clause).
Everything that crosses an engine's boundary is a value that `assistant.wire` can encode, so an engine may live in
another process.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, Protocol, Self, TypeVar, runtime_checkable

import msgspec

from assistant.audio import AudioChunk
from assistant.chat import ChatDelta, ChatRequest
from assistant.entities import Vocabulary
from assistant.speech import (
    Detection,
    Played,
    Recognition,
    SpeechProbability,
    SttOptions,
    Transcript,
    Voice,
)
from assistant.vision import Finding, Image, VisionTask

__all__ = [
    "API",
    "PROTOCOLS",
    "AnySpec",
    "Build",
    "Capabilities",
    "Chat",
    "Codec",
    "Echo",
    "Embed",
    "EngineConfig",
    "EngineSpec",
    "Intent",
    "Kind",
    "ModelRef",
    "Sink",
    "Source",
    "Stt",
    "Tts",
    "Turn",
    "Vad",
    "Vision",
    "Wake",
]

API = 1
"""Major version of the plugin interface. It grows within a major; a plugin of another major is set aside by name."""


class Kind(StrEnum):
    """What an engine is for."""

    WAKE = "wake"
    VAD = "vad"
    TURN = "turn"
    ECHO = "echo"
    INTENT = "intent"
    EMBED = "embed"
    STT = "stt"
    CHAT = "chat"
    TTS = "tts"
    VISION = "vision"
    CODEC = "codec"
    SOURCE = "source"
    SINK = "sink"


ModelRef = Annotated[str, msgspec.Meta(extra={"model": True})]
"""A field of an engine's configuration that names a model: an id of the catalogue, or a path.

The core replaces it by the path of the file (or folder) before it calls `open`; `assistant models pull` fetches it.
"""


class EngineConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of an engine's configuration: one field for each option, with a default and a docstring."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do with one configuration, known before anything is loaded."""

    languages: tuple[str, ...] = ()
    """BCP-47 tags it handles; empty where language does not matter or any will do."""
    voices: tuple[Voice, ...] = ()
    """Voices it can speak with."""
    inputs: frozenset[str] = frozenset({"text"})
    """What a chat model takes: `text`, `image`, `audio`."""
    tasks: tuple[VisionTask, ...] = ()
    """What can be asked of a vision engine."""
    encodings: tuple[str, ...] = ()
    """Formats that a codec writes."""
    tools: bool = False
    """Whether a chat model can call tools."""
    schema: bool = False
    """Whether a chat model can be held to a JSON schema."""
    logprobs: bool = False
    """Whether a chat model tells how likely its tokens are."""
    continues: bool = False
    """Whether a chat model goes on with the last message where that is the assistant's, from its last character on."""
    tells_calls: bool = False
    """Whether a chat model gives signs of life, `TextDelta("")`, while it writes a call of a tool."""
    context: int = 0
    """Tokens that a request to a chat model and its reply may have together; 0 where unknown."""
    good_at: tuple[str, ...] = ()
    """Tasks that a chat model does better than others of its size, in the owner's words: `code`, `summary`."""
    price: float = 0.0
    """What a million tokens cost, in whatever money the owner counts."""
    times: bool = False
    """Whether a speech recogniser tells when each segment was said, and each word where that is asked."""
    translates: bool = False
    """Whether a speech recogniser can write in English what is said in another language."""
    local: bool = True
    """Whether the work is done on this machine; False where text or sound leaves it."""
    parallel: int = 1
    """How many leases it serves at once."""
    preempts: bool = False
    """Whether it serves a voice at once, whatever else it has to do: work that can wait is interrupted for it."""
    memory: int = 0
    """Estimated resident memory once loaded, in bytes; 0 where unknown."""
    rank: int = 0
    """How able a chat model is compared with others: parameters in millions; 0 where unknown."""

    def knows(self, language: str) -> bool:
        """Tell whether it handles a language, in whatever country; any will do where it names none."""
        return not language or not self.languages or _primary(language) in map(_primary, self.languages)


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()


@dataclass(frozen=True, slots=True)
class Build:
    """What the installed library of an engine can compute on, beside the processor."""

    library: str
    """Its name and version: `onnxruntime 1.31.1`."""
    built_for: tuple[str, ...] = ()
    """Interfaces to GPUs that it was built for: `cuda`, `rocm`, `vulkan`, `metal`."""
    usable: tuple[str, ...] = ()
    """Those of them by which it finds a GPU on this machine."""


@runtime_checkable
class Wake(Protocol):
    """Hears wake words. One object follows one stream of sound."""

    def push(self, chunk: AudioChunk) -> Sequence[Detection]:
        """Take the next 16 kHz mono chunk and return the words that end in it. Light, never blocks."""
        ...

    def fork(self) -> Self:
        """Return a fresh stream over the same loaded model."""
        ...


@runtime_checkable
class Vad(Protocol):
    """Tells speech from other sound. One object follows one stream of sound."""

    def push(self, chunk: AudioChunk) -> Sequence[SpeechProbability]:
        """Take the next 16 kHz mono chunk and return the frames it completes. Light, never blocks."""
        ...

    def fork(self) -> Self:
        """Return a fresh stream over the same loaded model."""
        ...


@runtime_checkable
class Turn(Protocol):
    """Tells whether a speaker has finished."""

    def score(self, audio: AudioChunk) -> float:
        """Return the probability, 0 to 1, that the turn ends here. *audio* is up to the last 8 s, 16 kHz mono."""
        ...


@runtime_checkable
class Echo(Protocol):
    """Takes the assistant's own voice out of what the microphone hears. One object follows one device."""

    def process(self, mic: AudioChunk, played: AudioChunk) -> AudioChunk:
        """Return *mic* without *played*; both 16 kHz mono, of equal length. Light, never blocks.

        What does not fill a step of the engine comes with the next call, so the chunk that is returned may be shorter,
        longer or empty; its timestamp is that of its own first sample.
        """
        ...

    def fork(self) -> Self:
        """Return a fresh canceller, for another device."""
        ...


@runtime_checkable
class Intent(Protocol):
    """Understands sentences it was given templates for."""

    def teach(self, vocabulary: Vocabulary) -> None:
        """Know these names and sentences from now on, instead of those it was taught before. May take a second."""
        ...

    def recognise(self, text: str, language: str, context: dict[str, str]) -> Recognition | None:
        """Return what *text* asks for, or None. *context* says where it is asked: `area`, `device`. Light."""
        ...

    def phrase(self, intent: str, key: str, language: str, facts: Mapping[str, Any]) -> str:
        """Return what is said after an intent, by the language's own response; empty where there is none.

        *facts* are the slots and what came of it, JSON values.
        """
        ...


@runtime_checkable
class Embed(Protocol):
    """Tells how near sentences are to each other in meaning."""

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return a vector of unit length for each of *texts*, all of one size; the nearer two are in meaning, the
        greater their dot product. Light. May be called from several threads at once."""
        ...


@runtime_checkable
class Bounded(Protocol):
    """Tells which texts are too long for it. An engine of the kind `embed` may; of others nobody knows."""

    def fits(self, text: str) -> bool:
        """Tell whether all of *text* counts, and not only its beginning. Light. May be called from several threads at
        once."""
        ...


@runtime_checkable
class Stt(Protocol):
    """Turns speech into text."""

    def transcribe(self, audio: AsyncIterator[AudioChunk], options: SttOptions) -> AsyncGenerator[Transcript, None]:
        """Yield what is heard in *audio* (16 kHz mono), exactly one final transcript, last."""
        ...


@runtime_checkable
class Chat(Protocol):
    """Writes replies."""

    def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the reply as it is written; the last delta is `Done`."""
        ...

    async def warm(self, request: ChatRequest) -> None:
        """Read the request's messages into the prefix cache, without writing a reply."""
        ...


@runtime_checkable
class Tts(Protocol):
    """Turns text into speech."""

    def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of each clause of *text* as soon as it is made, in the engine's own format."""
        ...


@runtime_checkable
class Vision(Protocol):
    """Finds things in images: one engine may be able to do several tasks."""

    async def look(self, image: Image, task: VisionTask, confidence: float | None = None) -> tuple[Finding, ...]:
        """Return what *task* finds: text in reading order, everything else the surest first.

        What is less sure than *confidence*, 0 to 1, is left out; None leaves that to the engine's configuration.
        Raises ImageError where the image cannot be decoded, EngineError for a task that is not among its capabilities.
        """
        ...


@runtime_checkable
class Codec(Protocol):
    """Reads and writes sound in the formats of files, such as MP3. What it reads may come from anybody."""

    def decode(self, data: bytes, most: float) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of the file *data* as 16 kHz mono.

        Raises UnknownAudio for a format it does not know, AudioTooLong once it has lasted more than *most* seconds,
        AudioError for what is damaged or holds no sound.
        """
        ...

    def encode(self, audio: AsyncIterator[AudioChunk], encoding: str) -> AsyncGenerator[bytes, None]:
        """Yield *audio*, 16-bit mono of one rate, as a file that grows with it.

        *encoding* is among `Capabilities.encodings`: `mp3`, `opus` (in Ogg), `aac` (ADTS), `flac`.
        """
        ...


@runtime_checkable
class Source(Protocol):
    """Gives sound: a microphone, a file."""

    def capture(self) -> AsyncGenerator[AudioChunk, None]:
        """Yield 16 kHz mono chunks of 10 to 100 ms as they are heard, until the source ends or is closed.

        Raises DeviceError where the device is missing. A device that vanishes is waited for, not reported as the end.
        """
        ...


@runtime_checkable
class Sink(Protocol):
    """Takes sound: a speaker, a file."""

    def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        """Play *audio* (any format) and yield how far it has come, at least every 100 ms, until all of it was heard.

        The first value is yielded when the first sample leaves. Closing the iterator silences the sink at once.
        """
        ...


PROTOCOLS: dict[Kind, type] = {
    Kind.WAKE: Wake,
    Kind.VAD: Vad,
    Kind.TURN: Turn,
    Kind.ECHO: Echo,
    Kind.INTENT: Intent,
    Kind.EMBED: Embed,
    Kind.STT: Stt,
    Kind.CHAT: Chat,
    Kind.TTS: Tts,
    Kind.VISION: Vision,
    Kind.CODEC: Codec,
    Kind.SOURCE: Source,
    Kind.SINK: Sink,
}
"""The protocol of each kind."""


C = TypeVar("C", bound=EngineConfig)
E = TypeVar("E")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec(Generic[C, E]):
    """An engine that a plugin offers."""

    name: str
    """What `engine:` in the configuration says, e.g. `faster-whisper`."""
    kind: Kind
    """What it is for."""
    config: type[C]
    """Struct that validates the rest of the model's section; an unknown key is an error that names the nearest."""
    describe: Callable[[C], Capabilities]
    """Says what the engine can do with a configuration; pure and immediate."""
    open: Callable[[C], AbstractAsyncContextManager[E]]
    """Loads before the yield, frees after it; the only place that imports native libraries."""
    suiting: Callable[[Sequence[str]], Mapping[str, Any]] | None = None
    """Says which options suit the languages that are spoken, BCP-47 tags or `auto`. They take the place of defaults,
    never of what is configured. Pure and immediate; None where language does not matter."""
    stands_in: bool = False
    """Whether a voice or a codec needs no configuration: it is there as a model of its own name, unless a model of this
    engine is configured. Such a voice speaks where no other can, after all others."""
    build: Callable[[], Build] | None = None
    """Says what the installed library can compute on, for `assistant hardware`. It may import the library, for it is
    called in a process of its own; None for an engine that needs no more than the processor."""
    api: int = API
    """The plugin interface it was written for."""


AnySpec = EngineSpec[Any, Any]
"""A spec whose types do not matter to its holder."""
