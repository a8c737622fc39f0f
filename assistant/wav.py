"""WAV files: read and write them, and use them as microphone and speaker (engines `wav-source` and `wav-sink`).

The standard library's `wave` reads no floats and, before Python 3.12, no extensible header, so reading is done here.
Nothing is allocated by what a file says of itself, and sound is read as it is needed.
Layout: https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
"""

import asyncio
import io
import itertools
import logging
import struct
import wave
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Annotated, Any

from msgspec import Meta

from assistant.audio import SPEECH, AudioChunk, AudioFormat
from assistant.convert import Converter, converted
from assistant.engines import Capabilities, EngineConfig, EngineSpec, Kind
from assistant.errors import AudioError, AudioTooLong
from assistant.hookspecs import hookimpl
from assistant.speech import Played
from assistant.streams import in_thread, iterate_in_thread

__all__ = [
    "WavSink",
    "WavSinkConfig",
    "WavSource",
    "WavSourceConfig",
    "decode_speech",
    "decode_wav",
    "read_speech",
    "read_wav",
    "wav_header",
    "write_wav",
]

log = logging.getLogger(__name__)

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_WIDTHS = {_PCM: (1, 2, 3, 4), _FLOAT: (4, 8)}
_UNKNOWN = 0xFFFFFFFF
"""Size of the sound as programs state it who write to a pipe and cannot know it."""
_MOST_CHUNKS = 1000
"""Chunks before the sound; a file with more was made to waste time."""
_PIECE = 0.08
"""Seconds read, written and played at once."""
_MOUTHFUL = 5.0
"""Seconds of a file that nobody waits for, at once."""
_CONVERT = "convert it: ffmpeg -i FILE -c:a pcm_s16le OUT.wav"


def read_wav(path: Path | str) -> AudioChunk:
    """Read a whole file in its own rate and channels; floats become 16 bit.

    A file that ends before its header says so is used as far as it goes, with a warning in the log. Raises AudioError
    for what is not there, is no WAV file, holds no sound, or is compressed.
    """
    with _reading(path) as sound:
        return AudioChunk(sound.read(), sound.format)


def decode_wav(data: bytes) -> AudioChunk:
    """Read the bytes of a whole file as `read_wav` does; raises AudioError as it does."""
    sound = _Reader(io.BytesIO(data), "the sound")
    return AudioChunk(sound.read(), sound.format)


def read_speech(path: Path | str, channel: int | None = None, seconds: float = _PIECE) -> Iterator[AudioChunk]:
    """Yield a file as 16 kHz mono, in chunks of *seconds*, from timestamp 0; the last one may be shorter.

    Several channels become their mean, or the one that *channel* (from 0) picks. Raises AudioError as `read_wav` does.
    """
    with _reading(path) as sound:
        yield from _speech(sound, channel, seconds)


def decode_speech(data: bytes, most: float) -> Iterator[AudioChunk]:
    """Yield the bytes of a whole file as 16 kHz mono, a few seconds at a time.

    Raises AudioTooLong where it lasts more than *most* seconds, AudioError as `read_wav` does.
    """
    sound = _Reader(io.BytesIO(data), "the sound")
    if sound.seconds > most:
        raise AudioTooLong(f"the sound lasts {sound.seconds:.0f} s", hint=f"up to {most:g} s are listened to")
    yield from _speech(sound, None, _MOUTHFUL)


def _speech(sound: "_Reader", channel: int | None, seconds: float) -> Iterator[AudioChunk]:
    size = SPEECH.size(seconds)
    made, timestamp = b"", 0.0
    converter = sound.to_speech(channel)
    while piece := sound.read(max(seconds, _PIECE)):
        made += converter.push(piece)
        while len(made) >= size:
            yield AudioChunk(made[:size], SPEECH, timestamp)
            made, timestamp = made[size:], timestamp + seconds
    made += converter.flush()
    for at in range(0, len(made), size):
        yield AudioChunk(made[at : at + size], SPEECH, timestamp + SPEECH.seconds(at))


def wav_header(form: AudioFormat) -> bytes:
    """Return what goes before sound of a length that nobody knows yet, as programs write it to a pipe."""
    rate, block, bits = form.rate, form.frame, form.width * 8
    fields = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, form.channels, rate, rate * block, block, bits)
    return struct.pack("<4sI4s", b"RIFF", _UNKNOWN, b"WAVE") + fields + struct.pack("<4sI", b"data", _UNKNOWN)


def write_wav(path: Path | str, chunks: Iterable[AudioChunk]) -> None:
    """Write *chunks*, at least one and all of one format, to a file; raises AudioError where that cannot be done."""
    sound = list(chunks)
    if not sound:
        raise AudioError(f"there is no sound to write to {path}", hint="say something that has words")
    with _writing(path, sound[0].format) as file:
        for chunk in sound:
            file.writeframes(chunk.audio)


class _Reader:
    """The sound of an open file."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        self._tag, self._frame, self.format = _PCM, 0, AudioFormat(0)
        self._left = self._find_sound()

    @property
    def seconds(self) -> float:
        """Return how long the sound that is left lasts."""
        return self._left / self._frame / self.format.rate

    def read(self, seconds: float | None = None) -> bytes:
        """Return the next *seconds*, or all that is left, as PCM of `format`."""
        wanted = self._left if seconds is None else min(self._left, round(seconds * self.format.rate) * self._frame)
        audio = self._file.read(wanted)
        self._left -= wanted
        return audio if self._tag == _PCM else _from_floats(audio, self._frame // self.format.channels)

    def to_speech(self, channel: int | None) -> Converter:
        """Return a converter to 16 kHz mono; raises AudioError for a rate or a channel that it cannot take."""
        try:
            return Converter(self.format, SPEECH, channel)
        except AudioError as error:
            raise AudioError(f"{self._name}: {error}", hint=error.hint) from None

    def _find_sound(self) -> int:
        """Go to the first sample and return how many bytes of sound there are, in whole frames."""
        head = self._file.read(12)
        if not head:
            raise AudioError(f"{self._name} is empty", hint="give a WAV file with sound in it")
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise AudioError(f"{self._name} is no WAV file", hint=_CONVERT)
        for _ in range(_MOST_CHUNKS):
            head = self._file.read(8)
            if len(head) < 8:
                break
            name, size = struct.unpack("<4sI", head)
            start = self._file.tell()
            if name == b"data":
                return self._length(start, size)
            if name == b"fmt ":
                self._read_format(self._file.read(min(size, 40)))
            self._file.seek(start + size + size % 2)
        raise AudioError(f"{self._name} holds no sound", hint="give a WAV file with sound in it")

    def _read_format(self, fields: bytes) -> None:
        if len(fields) < 16:
            raise AudioError(f"{self._name} is damaged: its format is cut short", hint="record or convert it again")
        self._tag, channels, rate, _, self._frame, bits = struct.unpack("<HHIIHH", fields[:16])
        if self._tag == _EXTENSIBLE and len(fields) >= 26:
            (self._tag,) = struct.unpack("<H", fields[24:26])
        if self._tag not in _WIDTHS:
            raise AudioError(f"{self._name} is compressed (format {self._tag:#x})", hint=_CONVERT)
        width = self._frame // channels if channels else 0
        if width not in _WIDTHS[self._tag] or width * channels != self._frame or bits > 8 * width or not rate:
            raise AudioError(
                f"{self._name} is damaged: {rate} Hz, {bits} bit, {channels} channels in {self._frame} bytes",
                hint="record or convert it again",
            )
        self.format = AudioFormat(rate, width if self._tag == _PCM else 2, channels)

    def _length(self, start: int, stated: int) -> int:
        if not self._frame:
            raise AudioError(f"{self._name} is damaged: its format is missing", hint="record or convert it again")
        there = self._file.seek(0, 2) - start
        self._file.seek(start)
        if there < stated != _UNKNOWN:
            log.warning("%s is cut off: %d of %d bytes of sound are there and used", self._name, there, stated)
        length = min(there, stated)
        if length < self._frame:
            raise AudioError(f"{self._name} holds no sound", hint="give a WAV file with sound in it")
        return length - length % self._frame


@contextmanager
def _reading(path: Path | str) -> Iterator[_Reader]:
    try:
        if not Path(path).is_file():
            raise AudioError(f"there is no file {path}", hint="check the path")
        with Path(path).open("rb") as file:
            yield _Reader(file, str(path))
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror}", hint="check who may read it") from None


@contextmanager
def _writing(path: Path | str, form: AudioFormat) -> Iterator[wave.Wave_write]:
    try:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(form.channels)
            file.setsampwidth(form.width)
            file.setframerate(form.rate)
            yield file
    except OSError as error:
        raise AudioError(f"{path} cannot be written: {error.strerror}", hint="check the folder and its space") from None


def _from_floats(audio: bytes, width: int) -> bytes:
    import numpy as np

    samples = np.nan_to_num(np.frombuffer(audio, f"<f{width}"), posinf=1, neginf=-1)
    return bytes(np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes())


class WavSourceConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `wav-source`."""

    file: str = "microphone.wav"
    """The WAV file: 8 to 32 bit or float, any rate, any number of channels."""
    channel: Annotated[int, Meta(ge=0)] | None = None
    """Which channel to listen to, counted from 0; without it their mean."""
    realtime: bool = True
    """Whether sound comes at the pace of a microphone, or as fast as it is taken."""
    wait: bool = False
    """Whether to give silence until the file is there, or to fail where it is not."""
    silence: Annotated[float, Meta(ge=0)] | None = None
    """Seconds of silence after the file, then the source ends; without it silence goes on, as from a microphone."""


class WavSource:
    """A file as a microphone."""

    def __init__(self, config: WavSourceConfig) -> None:
        self._config = config
        self._path = Path(config.file).expanduser()

    def check(self) -> None:
        """Read the file's header; raises AudioError where the file cannot be used."""
        if self._awaited():
            return
        with _reading(self._path) as sound:
            sound.to_speech(self._config.channel)

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        """Yield the file, then silence; raises AudioError where the file cannot be used."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with aclosing(iterate_in_thread(self._sound)) as sound:
            async for chunk in sound:
                heard = AudioChunk(chunk.audio, chunk.format, began + chunk.timestamp)
                if self._config.realtime:
                    await asyncio.sleep(heard.end - loop.time())
                yield heard

    def _awaited(self) -> bool:
        return self._config.wait and not self._path.exists()

    def _sound(self) -> Iterator[AudioChunk]:
        silence, now = bytes(SPEECH.size(_PIECE)), 0.0
        while self._awaited():
            yield (chunk := AudioChunk(silence, SPEECH, now))
            now = chunk.end
        for chunk in read_speech(self._path, self._config.channel):
            yield (chunk := replace(chunk, timestamp=now))
            now = chunk.end
        seconds = self._config.silence
        for n in itertools.count() if seconds is None else range(round(seconds / _PIECE)):
            yield AudioChunk(silence, SPEECH, now + n * _PIECE)


class WavSinkConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `wav-sink`."""

    file: str = "speaker.wav"
    """A `.wav` file, which each answer replaces, or a folder, which gets one file for each answer."""
    realtime: bool = True
    """Whether answers take as long as on a speaker, or are written as fast as they are made."""


class WavSink:
    """A file as a speaker: it holds what would have been heard, in the format in which the answer began."""

    def __init__(self, config: WavSinkConfig) -> None:
        self._config = config
        self._path = Path(config.file).expanduser()

    def make_folder(self) -> None:
        """Make the folder that the file, or the files, will lie in; raises AudioError where that is not possible."""
        folder = self._path.parent if self._path.suffix == ".wav" else self._path
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AudioError(f"{folder} cannot be made: {error.strerror}", hint="choose another `file`") from None

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        """Write *audio* and tell how far it has come; an answer without sound leaves no file. Raises AudioError."""
        first = await anext(audio, None)
        if first is None:
            return
        loop = asyncio.get_running_loop()
        heard, ready = 0.0, loop.time()
        with _writing(self._file(), first.format) as file:
            yield Played(heard, ready)
            async with aclosing(converted(_chain(first, audio), first.format)) as sound:
                async for piece in _pieces(sound):
                    ready = max(ready, loop.time()) + piece.duration
                    if self._config.realtime:
                        await asyncio.sleep(ready - loop.time())
                    await in_thread(lambda piece=piece: file.writeframesraw(piece.audio))  # type: ignore[misc]
                    heard += piece.duration
                    yield Played(heard, loop.time())

    def _file(self) -> Path:
        if self._path.suffix == ".wav":
            return self._path
        numbered = (self._path / f"answer-{n:04d}.wav" for n in itertools.count(1))
        return next(path for path in numbered if not path.exists())


async def _chain(first: AudioChunk, rest: AsyncIterator[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
    yield first
    async for chunk in rest:
        yield chunk


async def _pieces(sound: AsyncIterator[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
    async for chunk in sound:
        size = chunk.format.size(_PIECE)
        for at in range(0, len(chunk.audio), size):
            yield AudioChunk(chunk.audio[at : at + size], chunk.format)


@asynccontextmanager
async def open_source(config: WavSourceConfig) -> AsyncGenerator[WavSource, None]:
    """Look whether the file can be used; raises AudioError where it cannot."""
    source = WavSource(config)
    await in_thread(source.check)
    yield source


@asynccontextmanager
async def open_sink(config: WavSinkConfig) -> AsyncGenerator[WavSink, None]:
    """Make the folder; raises AudioError where that is not possible."""
    sink = WavSink(config)
    await in_thread(sink.make_folder)
    yield sink


@hookimpl
def assistant_engines() -> list[EngineSpec[Any, Any]]:
    """Offer the engines: this module is a plugin that comes with the core."""
    return [
        EngineSpec(
            name="wav-source",
            kind=Kind.SOURCE,
            config=WavSourceConfig,
            describe=lambda _: Capabilities(),
            open=open_source,
        ),
        EngineSpec(
            name="wav-sink", kind=Kind.SINK, config=WavSinkConfig, describe=lambda _: Capabilities(), open=open_sink
        ),
    ]
