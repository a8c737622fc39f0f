"""A voice behind the speaker's is not the speaker's: when it takes over, the utterance has ended."""

import math
from array import array
from collections.abc import Sequence

from assistant.audio import SPEECH, AudioChunk
from assistant.config import EndpointConfig
from assistant.pipeline.endpoint import Ended, Endpoint, EndpointEvent, Paused, Resumed
from assistant.pipeline.foreground import Foreground
from assistant.pipeline.hear import hear
from assistant.pipeline.loudness import decibels
from assistant.speech import SpeechProbability

STEP = 0.032


def sound(*parts: tuple[float, float]) -> list[AudioChunk]:
    """Return chunks of a tone: each part has its seconds and its loudness in decibels to full scale."""
    chunks, at = list[AudioChunk](), 0.0
    for seconds, level in parts:
        loud = 32767 * 10 ** (level / 20)
        for _ in range(round(seconds / STEP)):
            samples = [round(loud * math.sin(0.3 * n)) for n in range(round(STEP * SPEECH.rate))]
            chunks.append(AudioChunk(array("h", samples).tobytes(), SPEECH, at))
            at += STEP
    return chunks


def left(chunks: Sequence[AudioChunk]) -> list[float | None]:
    foreground, found = Foreground(), []
    for chunk in chunks:
        foreground.push(chunk.end, decibels(chunk), voiced=True)
        found.append(foreground.left)
    return found


def test_a_voice_ten_decibels_below_is_another_ones_after_a_second() -> None:
    found = left(sound((2, -20), (3, -30)))
    first = next(at for at, value in enumerate(found) if value is not None)
    assert 2.7 <= first * STEP <= 3.0
    assert found[-1] is not None
    assert abs(found[-1] - 2) < 2 * STEP
    assert all(value is not None for value in found[first:])


def test_the_speaker_who_falls_silent_for_a_moment_or_speaks_softly_is_still_the_speaker() -> None:
    assert not any(left(sound((1, -20), (0.5, -32), (1, -22), (0.7, -60), (1, -26))))


def test_the_speaker_who_comes_back_is_the_speaker() -> None:
    found = left(sound((2, -20), (1.5, -32), (1, -20)))
    assert any(value is not None for value in found[:109])
    assert found[-1] is None


def test_nobody_has_left_where_nobody_spoke() -> None:
    foreground = Foreground()
    for chunk in sound((2, -60)):
        foreground.push(chunk.end, decibels(chunk), voiced=False)
    assert foreground.left is None


class Voiced:
    """A detector that hears a voice in everything."""

    def push(self, chunk: AudioChunk) -> list[SpeechProbability]:
        return [SpeechProbability(0.9, chunk.timestamp, chunk.end)]

    def fork(self) -> "Voiced":
        return self


async def heard(chunks: Sequence[AudioChunk], foreground: Foreground | None) -> list[EndpointEvent]:
    async def microphone():
        for chunk in chunks:
            yield chunk

    endpoint = Endpoint(EndpointConfig(), 0.0)
    pieces = hear(microphone(), Voiced(), endpoint, 0.0, None, foreground)
    return [event async for piece in pieces for event in piece.events]


async def test_beside_a_television_an_utterance_ends_where_the_speaker_did() -> None:
    chunks = sound((2, -20), (6, -31))
    *_, paused, ended = await heard(chunks, Foreground())
    assert isinstance(paused, Paused)
    assert isinstance(ended, Ended)
    assert abs(paused.at - 2) < 2 * STEP
    assert abs(ended.at - 2) < 2 * STEP
    assert not any(isinstance(event, (Paused, Ended)) for event in await heard(chunks, None))


async def test_who_goes_on_beside_a_television_is_heard_on() -> None:
    events = await heard(sound((2, -20), (1.2, -31), (1.5, -20), (4, -31)), Foreground())
    assert [type(event) for event in events][1:] == [Paused, Resumed, Paused, Ended]
    assert isinstance(events[-1], Ended)
    assert abs(events[-1].at - 4.7) < 0.1
