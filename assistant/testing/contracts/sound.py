"""What engines do with sound that nobody understands: speak, play, capture, and read and write files."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from assistant.audio import SPEECH, AudioChunk, AudioFormat
from assistant.engines import Codec, Sink, Source, Tts
from assistant.errors import AudioError, AudioTooLong
from assistant.speech import Played, Voice
from assistant.streams import once
from assistant.testing.contracts.promises import check_wire, endless, leave_at_once
from assistant.testing.recordings import tone

__all__ = ["check_codec", "check_sink", "check_source", "check_tts"]


async def check_tts(engine: Tts, text: str = "Hello there. How are you?") -> list[AudioChunk]:
    """Check that *engine* speaks clause by clause, in one format, silent for no text, and can be left half-way."""
    assert isinstance(engine, Tts)
    chunks = [chunk async for chunk in engine.speak(once(text), Voice())]
    assert chunks and sum(chunk.duration for chunk in chunks) > 0.2, "almost nothing is said"
    assert len({chunk.format for chunk in chunks}) == 1, "the format changes within an answer"
    assert all(len(chunk.audio) % chunk.format.frame == 0 for chunk in chunks), "a chunk ends within a frame"
    assert not [c async for c in engine.speak(once(), Voice())], "something is said although there is no text"
    assert not [c async for c in engine.speak(once("", " "), Voice())], "something is said although there is no word"
    gate = asyncio.Event()

    async def clauses() -> AsyncIterator[str]:
        yield "One thing is ready."
        await gate.wait()
        yield "The other is late."

    async with aclosing(engine.speak(clauses(), Voice())) as spoken:
        async with asyncio.timeout(60):  # not a benchmark: it would wait for ever
            await anext(spoken)
    check_wire(chunks[0])
    return chunks


async def check_codec(engine: Codec, encodings: Sequence[str], files: Sequence[bytes] = ()) -> None:
    """Check that *engine* reads what it writes and *files*, refuses what is no sound, and can be left half-way."""
    assert isinstance(engine, Codec)
    form = AudioFormat(rate=24_000)
    sound = AudioChunk(bytes(form.size(0.5)) + b"\x10\x20" * form.rate, form)
    written = {}
    for encoding in encodings:
        written[encoding] = b"".join([piece async for piece in engine.encode(once(sound, sound), encoding)])
        assert len(written[encoding]) > 100, f"almost nothing is written as {encoding}"
    for file in [*written.values(), *files]:
        chunks = [chunk async for chunk in engine.decode(file, 60.0)]
        assert chunks and all(chunk.format == SPEECH for chunk in chunks), "not 16 kHz mono 16-bit"
        assert all(len(chunk.audio) % SPEECH.frame == 0 for chunk in chunks), "a chunk ends within a frame"
    for encoding, file in written.items():
        seconds = sum([chunk.duration async for chunk in engine.decode(file, 60.0)])
        assert abs(seconds - 3.0) < 0.2, f"of 3 s {seconds:.2f} s come back from {encoding}"
        await _raises(AudioTooLong, engine.decode(file, 1.0))
        await leave_at_once(engine.encode(endless([sound]), encoding))
        async with aclosing(engine.decode(file, 60.0)) as chunks_left:
            async for _ in chunks_left:
                break
    for nothing in (b"", b"nothing", bytes(100_000), *(file[:20] for file in written.values())):
        await _raises(AudioError, engine.decode(nothing, 60.0))


async def _raises(error: type[Exception], stream: AsyncGenerator[Any, None]) -> None:
    try:
        async with aclosing(stream):
            async for _ in stream:
                pass
    except error:
        return
    raise AssertionError(f"{error.__name__} is not raised")


async def check_source(engine: Source, seconds: float = 1.0) -> list[AudioChunk]:
    """Check that *engine* gives 16 kHz mono in short chunks whose timestamps follow each other."""
    assert isinstance(engine, Source)
    chunks: list[AudioChunk] = []
    async with aclosing(engine.capture()) as audio:
        async for chunk in audio:
            chunks.append(chunk)
            if sum(c.duration for c in chunks) >= seconds:
                break
    assert chunks, "nothing is captured"
    assert all(chunk.format == SPEECH for chunk in chunks), "not 16 kHz mono 16-bit"
    assert all(0 < chunk.duration <= 0.1 for chunk in chunks), "chunks are not of up to 100 ms"
    assert all(a.timestamp < b.timestamp for a, b in itertools.pairwise(chunks)), "timestamps stand still"
    check_wire(chunks[0])
    return chunks


async def check_sink(engine: Sink) -> list[Played]:
    """Check that *engine* tells how far it has come, up to all of the sound, and stops when it is left."""
    assert isinstance(engine, Sink)
    sound = [tone(0.2), tone(0.2), tone(0.2)]
    played = [p async for p in engine.play(once(*sound))]
    assert played, "nothing is reported"
    assert all(a.seconds <= b.seconds for a, b in itertools.pairwise(played)), "progress falls"
    assert abs(played[-1].seconds - 0.6) < 0.05, f"{played[-1].seconds} s of 0.6 s were played"
    await leave_at_once(engine.play(endless(sound)))
    assert [p async for p in engine.play(once(*sound))], "the sink does not recover from a consumer that left"
    check_wire(played[-1])
    return played
