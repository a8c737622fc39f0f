"""What engines do that hear: a word, speech, an echo, the end of an utterance, and what was said."""

import array
import itertools
from collections.abc import Sequence

from assistant.audio import SPEECH, AudioChunk
from assistant.engines import Echo, Stt, Turn, Vad, Wake
from assistant.speech import Detection, SpeechProbability, SttOptions, Transcript
from assistant.streams import once
from assistant.testing.contracts.promises import check_wire, endless, leave_at_once

__all__ = ["check_echo", "check_stt", "check_turn", "check_vad", "check_wake"]


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


async def check_stt(engine: Stt, spoken: Sequence[AudioChunk], options: SttOptions | None = None) -> Transcript:
    """Check that *engine* ends in exactly one final transcript, can be left half-way, and can be used again."""
    assert isinstance(engine, Stt)
    options = options or SttOptions()
    heard = [t async for t in engine.transcribe(once(*spoken), options)]
    assert heard and heard[-1].final, "the last transcript is not final"
    assert sum(t.final for t in heard) == 1, "more than one transcript is final"
    await leave_at_once(engine.transcribe(endless(spoken), options))
    again = [t async for t in engine.transcribe(once(*spoken), options)]
    assert again[-1] == heard[-1], "the engine does not recover from a consumer that left"
    nothing = [t async for t in engine.transcribe(once(), options)]
    assert [t.text for t in nothing] == [""], "no audio must give one empty final transcript"
    check_wire(heard[-1])
    return heard[-1]
