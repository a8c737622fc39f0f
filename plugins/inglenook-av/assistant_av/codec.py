"""The engine: each file is read or written by a process of its own, which ends with its reader."""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

from assistant import (
    SPEECH,
    AudioChunk,
    AudioError,
    AudioTooLong,
    EngineError,
    EngineTimeout,
    UnknownAudio,
    once,
)
from assistant_av.config import ENCODINGS, AvConfig

__all__ = ["AvCodec", "open_av"]

UNKNOWN, TOO_LONG, DAMAGED = 10, 11, 12
"""Exit statuses of the program."""
_PROGRAM = Path(__file__).with_name("child.py")
_PIECE = 1 << 16
"""Bytes that are read at once."""


class AvCodec:
    """Read and write sound by FFmpeg."""

    def __init__(self, config: AvConfig) -> None:
        self._config = config
        self._endings: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Wait until every process has ended."""
        if self._endings:
            await asyncio.wait(self._endings)

    async def decode(self, data: bytes, most: float) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of the file *data*; one that is cut off is used as far as it goes.

        Raises UnknownAudio, AudioTooLong, AudioError; EngineTimeout for one that takes for ever.
        """
        rest = b""
        async with self._running(once(data), "decode", str(most)) as child:
            while piece := await self._read(child):
                piece = rest + piece
                whole = len(piece) // SPEECH.frame * SPEECH.frame
                rest = piece[whole:]
                yield AudioChunk(piece[:whole], SPEECH)
            status = await child.wait()
        if status == UNKNOWN:
            raise UnknownAudio("the file is in no format that is read", hint="send WAV, MP3, FLAC, Ogg, WebM or M4A")
        if status == TOO_LONG:
            raise AudioTooLong(f"the sound lasts more than {most:g} s", hint="send less at once")
        if status:
            raise AudioError("the file holds no sound that can be read", hint="record or convert it again")

    async def encode(self, audio: AsyncIterator[AudioChunk], encoding: str) -> AsyncGenerator[bytes, None]:
        """Yield *audio*, 16-bit mono, as a file that grows with it; nothing where there is no sound.

        Raises UnknownAudio for a format that is not written, EngineError where the program fails.
        """
        if encoding not in ENCODINGS:
            raise UnknownAudio(f"{encoding} is not written", hint=f"ask for {', '.join(ENCODINGS)}")
        if (first := await anext(audio, None)) is None:
            return
        sound = _samples(first, audio)
        async with self._running(sound, "encode", encoding, str(first.format.rate)) as child:
            while piece := await child.read():  # as slow as the sound is made; the kernel bounds the work
                yield piece
            if status := await child.wait():
                raise EngineError(f"the sound could not be written as {encoding} (exit status {status})")

    async def _read(self, child: "_Child") -> bytes:
        try:
            async with asyncio.timeout(self._config.patience):
                return await child.read()
        except TimeoutError:
            message = f"the sound made no progress in {self._config.patience:g} s"
            raise EngineTimeout(message, hint="send less at once") from None

    @asynccontextmanager
    async def _running(self, fed: AsyncGenerator[bytes, None], *arguments: str) -> AsyncGenerator["_Child", None]:
        """Run the program and feed it while the context lasts; it is killed at the end."""
        task, *how = arguments
        limits = (str(self._config.memory), str(self._config.processor))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(_PROGRAM),
            task,
            *limits,
            *how,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
        child = _Child(process, fed)
        try:
            yield child
        finally:
            ending = asyncio.create_task(child.end(), name="codec's end")
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            await asyncio.shield(ending)  # who is cancelled once more while it ends need not wait for it


class _Child:
    """A process, and what feeds it."""

    def __init__(self, process: asyncio.subprocess.Process, fed: AsyncGenerator[bytes, None]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self._feeding = asyncio.create_task(self._feed(fed), name="codec")

    async def read(self) -> bytes:
        """Return what it has made; nothing at its end. Raises what the sound raised that it is fed."""
        piece = await self._out.read(_PIECE)
        if not piece and self._feeding.done():
            self._feeding.result()
        return piece

    async def wait(self) -> int:
        """Return its exit status."""
        return await self._process.wait()

    async def end(self) -> None:
        """End it, whatever it does."""
        self._feeding.cancel()
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._in.close()
        await self._out.read()  # to its end: a pipe in which something is left stays open
        await asyncio.wait({self._feeding})
        if not self._feeding.cancelled():
            self._feeding.exception()  # seen
        with suppress(ConnectionError):
            await self._in.wait_closed()
        await self._process.wait()

    async def _feed(self, fed: AsyncGenerator[bytes, None]) -> None:
        try:
            async with aclosing(fed):
                async for piece in fed:
                    self._in.write(piece)
                    await self._in.drain()
        except ConnectionError:
            pass  # it has heard enough, and its exit status says why
        finally:
            self._in.close()


async def _samples(first: AudioChunk, rest: AsyncIterator[AudioChunk]) -> AsyncGenerator[bytes, None]:
    yield first.audio
    async for chunk in rest:
        if chunk.format != first.format:
            raise EngineError("the format of the sound changes while it is written")
        yield chunk.audio


@asynccontextmanager
async def open_av(config: AvConfig) -> AsyncGenerator[AvCodec, None]:
    """Open nothing: a process is started for each file."""
    codec = AvCodec(config)
    try:
        yield codec
    finally:
        await codec.close()
