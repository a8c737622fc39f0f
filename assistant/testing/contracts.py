"""Contract checks: what every engine of a kind must do. A plugin's tests call the one of its kind.

Each raises AssertionError with a sentence that says which promise was broken.
"""

import array
import asyncio
import inspect
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from assistant import wire
from assistant.audio import SPEECH, AudioChunk, AudioFormat
from assistant.chat import ChatDelta, ChatRequest, Done, TextDelta
from assistant.engines import (
    PROTOCOLS,
    AnySpec,
    Capabilities,
    Chat,
    Codec,
    Echo,
    Embed,
    Intent,
    Sink,
    Source,
    Stt,
    Tts,
    Turn,
    Vad,
    Vision,
    Wake,
)
from assistant.entities import Vocabulary
from assistant.errors import AudioError, AudioTooLong, EngineError, ImageError
from assistant.images import read_header, read_image
from assistant.speech import Detection, Played, Recognition, SpeechProbability, SttOptions, Transcript, Voice
from assistant.streams import once
from assistant.testing.recordings import tone
from assistant.vision import Box, DetectedObject, Finding, Image, ImageClass, Segment, TextLine, VisionTask

__all__ = [
    "check_chat",
    "check_codec",
    "check_echo",
    "check_embed",
    "check_intent",
    "check_sink",
    "check_source",
    "check_spec",
    "check_stt",
    "check_tts",
    "check_turn",
    "check_vad",
    "check_vision",
    "check_wake",
    "check_wire",
]


def check_wire(value: Any) -> None:
    """Check that *value* survives the way to another process and back."""
    assert wire.decode(wire.encode(value)) == value, f"{value!r} changed on the wire"


def check_spec(spec: AnySpec) -> None:
    """Check that a spec describes itself without loading anything and validates its configuration."""
    config = spec.config()
    assert isinstance(config, msgspec.Struct), "the configuration is not a msgspec.Struct"
    try:
        msgspec.convert({"no_such_option": 1}, spec.config)
    except msgspec.ValidationError:
        pass
    else:
        raise AssertionError("an unknown option is accepted: derive the configuration from EngineConfig")
    assert isinstance(spec.describe(config), Capabilities), "describe does not return Capabilities"
    assert spec.describe(config) == spec.describe(config), "describe is not pure"
    assert spec.kind in PROTOCOLS, f"{spec.kind} is no kind of engine"


async def check_wake(engine: Wake, spoken: Sequence[AudioChunk], word: str) -> Detection:
    """Check that *engine* hears *word* in *spoken*, in it only, twice the same, and without blocking the clock."""
    assert isinstance(engine, Wake)
    first = [found for chunk in spoken for found in engine.fork().push(chunk)]
    assert not first, "one chunk alone fires: the engine keeps state outside of the stream"
    heard = _detections(engine.fork(), spoken)
    assert [d.name for d in heard] == [word], f"heard {heard}, wanted one {word}"
    assert heard == _detections(engine.fork(), spoken), "a fork does not start afresh"
    start, end = spoken[0].timestamp, spoken[-1].end
    assert start < heard[0].timestamp <= end + 1e-6, "the timestamp is not on the clock of the audio"
    assert 0 <= heard[0].score <= 1, "the score is no probability"
    check_wire(heard[0])
    return heard[0]


def _detections(stream: Wake, spoken: Sequence[AudioChunk]) -> list[Detection]:
    return [found for chunk in spoken for found in stream.push(chunk)]


async def check_vad(engine: Vad, spoken: Sequence[AudioChunk]) -> list[SpeechProbability]:
    """Check that *engine* tells *spoken* from silence, in frames that follow each other without a gap."""
    assert isinstance(engine, Vad)
    frames = [frame for chunk in spoken for frame in engine.push(chunk)]
    assert frames and max(frame.probability for frame in frames) > 0.5, "speech is not heard"
    for before, after in itertools.pairwise(frames):
        assert abs(before.end - after.start) < 1e-6, "frames leave a gap"
    assert frames[0].start >= spoken[0].timestamp - 0.1, "frames are not on the clock of the audio"
    quiet = engine.fork()
    still = [frame for _ in range(20) for frame in quiet.push(AudioChunk(bytes(SPEECH.size(0.08)), SPEECH))]
    assert max(frame.probability for frame in still) < 0.3, "silence is taken for speech"
    check_wire(frames[0])
    return frames


async def check_echo(engine: Echo, played: Sequence[AudioChunk], heard: Sequence[AudioChunk]) -> list[AudioChunk]:
    """Check that *engine* takes the echo of *played* out of *heard* once it knows the room, and loses no sound."""
    assert isinstance(engine, Echo)
    stream = engine.fork()
    clean = [stream.process(mic, own) for mic, own in zip(heard, played, strict=True)]
    assert all(chunk.format == SPEECH for chunk in clean), "not 16 kHz mono 16-bit"
    assert abs(sum(c.duration for c in clean) - sum(c.duration for c in heard)) < 0.1, "sound is lost"
    for before, after in itertools.pairwise(clean):
        assert abs(after.timestamp - before.end) < 0.001, "the timestamps do not follow the sound"
    assert abs(clean[-1].end - heard[-1].end) < 0.1, "the sound is late"
    half = len(clean) // 2
    left = _power(clean[half:]) / _power(heard[half:])
    assert left < 0.1, f"{left:.0%} of the echo is left"
    again = engine.fork()
    assert [again.process(mic, own) for mic, own in zip(heard, played, strict=True)] == clean, (
        "a fork does not start afresh"
    )
    check_wire(clean[0])
    return clean


def _power(chunks: Sequence[AudioChunk]) -> float:
    samples = array.array("h", b"".join(chunk.audio for chunk in chunks))
    return sum(sample * sample for sample in samples) / max(len(samples), 1)


async def check_turn(engine: Turn, complete: AudioChunk, incomplete: AudioChunk) -> tuple[float, float]:
    """Check that *engine* tells a *complete* utterance from an *incomplete* one by its sound, and keeps no state."""
    assert isinstance(engine, Turn)
    scores = engine.score(complete), engine.score(incomplete)
    assert scores[0] > 0.5 > scores[1], f"complete scores {scores[0]:.2f}, incomplete {scores[1]:.2f}"
    assert (engine.score(complete), engine.score(incomplete)) == scores, "the engine keeps state between two calls"
    for seconds in (0.0, 0.01, 30.0):
        score = engine.score(AudioChunk(bytes(SPEECH.size(seconds)), SPEECH))
        assert 0 <= score <= 1, f"the score of {seconds:g} s is no probability"
    check_wire(scores[0])
    return scores


async def check_embed(engine: Embed, text: str, alike: str, other: str) -> tuple[float, float]:
    """Check that *engine* finds *text* nearer to what is *alike* than to the *other*; return how near each is."""
    assert isinstance(engine, Embed)
    assert list(engine.embed([])) == []
    vectors = [list(vector) for vector in engine.embed([text, alike, other, text])]
    assert len(vectors) == 4 and len({len(vector) for vector in vectors}) == 1, "a vector of one size for each text"
    for vector in vectors:
        assert abs(sum(value * value for value in vector) - 1) < 1e-3, "a vector is not of unit length"
    assert vectors[0] == vectors[3], "one sentence lies in two places"
    near, far = (sum(map(float.__mul__, vectors[0], vector)) for vector in vectors[1:3])
    assert near > far, f"{alike!r} is as far as {other!r}: {near:.2f} and {far:.2f}"
    for odd in ("", " ", "?", "word " * 2000):
        assert len(next(iter(engine.embed([odd])))) == len(vectors[0]), f"{odd[:10]!r} has no place"
    check_wire(vectors[0])
    return near, far


async def check_intent(
    engine: Intent, vocabulary: Vocabulary, sentences: Mapping[str, Recognition], incomplete: str, language: str = "en"
) -> None:
    """Check that *engine*, taught a *vocabulary*, understands *sentences*, and nothing in what makes no sense.

    Intent and slots must be as given; the engine may add slots. What is *incomplete* must be told from a sentence.
    """
    assert isinstance(engine, Intent)
    engine.teach(vocabulary)
    context = {"area": "", "device": "room"}
    for text, wanted in sentences.items():
        found = engine.recognise(text, language, context)
        assert found is not None and found.complete, f"{text!r} is not understood"
        assert found.intent == wanted.intent, f"{text!r} is {found.intent}, wanted {wanted.intent}"
        missed = {slot: value for slot, value in wanted.slots.items() if found.slots.get(slot) != value}
        assert not missed, f"{text!r} has the slots {dict(found.slots)}, wanted {missed}"
        assert all(isinstance(value, str) for value in found.slots.values()), "a slot is no text"
        assert engine.recognise(text, language, context) == found, "the same sentence is understood otherwise"
        assert isinstance(engine.phrase(found.intent, found.key, language, found.slots), str)
        check_wire(found)
    begun = engine.recognise(incomplete, language, context)
    assert begun is None or not begun.complete, f"{incomplete!r} is taken for a whole sentence"
    for nonsense in ("", " ", "?!", "word " * 500, "{name} [on", "\0"):
        said = engine.recognise(nonsense, language, context)
        assert said is None or not said.complete, f"{nonsense[:20]!r} is understood as {said}"
    assert engine.phrase("NoSuchIntent", "default", language, {}) == "", "there is a response to an unknown intent"
    text = next(iter(sentences))
    engine.teach(Vocabulary())
    engine.teach(vocabulary)
    again = engine.recognise(text, language, context)
    assert again is not None and again.intent == sentences[text].intent, "the engine cannot be taught twice"


async def check_stt(engine: Stt, spoken: Sequence[AudioChunk], options: SttOptions | None = None) -> Transcript:
    """Check that *engine* ends in exactly one final transcript, can be left half-way, and can be used again."""
    assert isinstance(engine, Stt)
    options = options or SttOptions()
    heard = [t async for t in engine.transcribe(once(*spoken), options)]
    assert heard and heard[-1].final, "the last transcript is not final"
    assert sum(t.final for t in heard) == 1, "more than one transcript is final"
    await _leave_at_once(engine.transcribe(_endless(spoken), options))
    again = [t async for t in engine.transcribe(once(*spoken), options)]
    assert again[-1] == heard[-1], "the engine does not recover from a consumer that left"
    nothing = [t async for t in engine.transcribe(once(), options)]
    assert [t.text for t in nothing] == [""], "no audio must give one empty final transcript"
    check_wire(heard[-1])
    return heard[-1]


async def check_chat(engine: Chat, request: ChatRequest) -> str:
    """Check that *engine* streams, ends in one Done, stops within a step when left, and can be used again."""
    assert isinstance(engine, Chat)
    check_wire(request)
    text = await _reply(engine, request)
    async with aclosing(engine.reply(request)) as deltas:
        async for _ in deltas:
            break
    await engine.warm(request)
    await _leave_at_once(engine.reply(request))
    assert await _reply(engine, request), "the engine does not recover from a consumer that left"
    return text


async def _reply(engine: Chat, request: ChatRequest) -> str:
    deltas: list[ChatDelta] = []
    async with aclosing(engine.reply(request)) as reply:
        async for delta in reply:
            check_wire(delta)
            deltas.append(delta)
    assert deltas and isinstance(deltas[-1], Done), "the last delta is not Done"
    assert sum(isinstance(delta, Done) for delta in deltas) == 1, "more than one Done"
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


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


_FOUND: dict[VisionTask, type] = {
    VisionTask.OBJECTS: DetectedObject,
    VisionTask.TEXT: TextLine,
    VisionTask.CLASSES: ImageClass,
    VisionTask.SEGMENTS: Segment,
}


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
        await _leave_at_once(engine.encode(_endless([sound]), encoding))
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


async def check_vision(engine: Vision, task: VisionTask, image: Image) -> tuple[Finding, ...]:
    """Check that *engine* finds something in *image*, an upright one: within it, sorted, no less sure than is asked.

    A file that is cut off must be told, and the engine must go on after it; so must a task that it cannot do.
    """
    assert isinstance(engine, Vision)
    found = await engine.look(image, task)
    assert found, "nothing is found"
    assert all(type(finding) is _FOUND[task] for finding in found), f"{task} finds {found}"
    assert all(0 <= finding.confidence <= 1 for finding in found), "a confidence is no probability"
    header = read_header(image.data)
    for finding in found:
        check_wire(finding)
        if not isinstance(finding, ImageClass):
            _check_box(finding.box, header.width, header.height)
        if isinstance(finding, Segment):
            mask = read_header(read_image(finding.mask.data).data)
            assert (mask.width, mask.height) == (header.width, header.height), "the mask has another size"
    scores = [finding.confidence for finding in found]
    if task is not VisionTask.TEXT:
        assert scores == sorted(scores, reverse=True), "the surest does not come first"
    for least in (min(scores), max(scores)):
        sure = await engine.look(image, task, least)
        assert sure and all(finding.confidence >= least for finding in sure), "the confidence is not heeded"
    try:
        await engine.look(Image(image.data[: len(image.data) // 2], image.mime_type), task)
    except ImageError:
        pass
    else:
        raise AssertionError("a file that is cut off is taken for a whole image")
    for other in VisionTask:
        try:
            await engine.look(image, other)
        except EngineError:
            assert other is not task, "a task that it has just done is refused"
    assert await engine.look(image, task) == found, "the same image gives something else"
    return found


def _check_box(box: Box, width: int, height: int) -> None:
    assert 0 <= box.left < box.right <= width, f"{box} is not within {width} pixels of width"
    assert 0 <= box.top < box.bottom <= height, f"{box} is not within {height} pixels of height"


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
    await _leave_at_once(engine.play(_endless(sound)))
    assert [p async for p in engine.play(once(*sound))], "the sink does not recover from a consumer that left"
    check_wire(played[-1])
    return played


async def _endless(chunks: Sequence[AudioChunk]) -> AsyncIterator[AudioChunk]:
    while True:
        for chunk in chunks:
            yield chunk
            await asyncio.sleep(0)


async def _leave_at_once(stream: Any) -> None:
    """Start *stream* and leave it before it has come far, as barge-in does."""
    assert inspect.isasyncgen(stream), "not an async generator, so it cannot be closed"

    async def consume() -> None:
        async with aclosing(stream):
            async for _ in stream:
                pass

    task = asyncio.create_task(consume())
    await asyncio.sleep(0.05)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=30)
    assert done, "the engine goes on although nobody listens"
    error = None if task.cancelled() else task.exception()
    assert error is None, f"the engine fails when it is left: {type(error).__name__}: {error}"
