"""From the sound of a microphone to one utterance: voice activity and the endpoint."""

from collections.abc import AsyncGenerator
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass, replace

from assistant.audio import AudioChunk
from assistant.engines import Vad
from assistant.pipeline.endpoint import Ended, Endpoint, EndpointEvent
from assistant.pipeline.foreground import Foreground
from assistant.pipeline.loudness import decibels, hiss
from assistant.pipeline.noise_floor import NoiseFloor
from assistant.streams import in_thread

__all__ = ["Heard", "hear"]

_VOICED = 0.5
"""Probability from which a frame tells how loud the speaker is."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A chunk of sound and what it means for the utterance."""

    chunk: AudioChunk
    """16 kHz mono."""
    events: tuple[EndpointEvent, ...]
    """What the endpoint said of it, in order."""


async def hear(
    audio: AsyncGenerator[AudioChunk, None],
    vad: Vad,
    endpoint: Endpoint,
    after: float,
    executor: Executor | None,
    foreground: Foreground | None = None,
) -> AsyncGenerator[Heard, None]:
    """Yield *audio* with the endpoint's events, up to and including the chunk in which the utterance ends.

    Frames that end before *after* (seconds on the clock of the audio) only warm the detector: they are the wake word.
    With a *foreground*, voices behind the speaker's count as silence, and so does what a voice leaves behind.
    """
    stream, floor = vad.fork(), NoiseFloor()
    async with aclosing(audio):
        async for chunk in audio:
            frames = await in_thread(lambda chunk=chunk: stream.push(chunk), executor)  # type: ignore[misc]
            counted = [frame for frame in frames if frame.end > after]
            if foreground is not None:
                loud, voiced = decibels(chunk), any(frame.probability >= _VOICED for frame in frames)
                # the wake phrase tells how loud the room is, too
                sank = floor.sank(chunk.end, loud, hiss(chunk), voiced=voiced)
                if counted:
                    foreground.push(chunk.end, loud, voiced=voiced)
                    if _is_over(foreground.left, sank, endpoint):
                        counted = [replace(frame, probability=0.0) for frame in counted]
            events = tuple(event for frame in counted for event in endpoint.push(frame))
            yield Heard(chunk, events)
            if any(isinstance(event, Ended) for event in events):
                return


def _is_over(left: float | None, sank: float | None, endpoint: Endpoint) -> bool:
    """Tell whether the speaker is not heard any more: only others are, or the room; the endpoint learns since when."""
    if left is not None:
        endpoint.leave(left)
    if sank is not None:
        endpoint.fell_silent(sank)
    return left is not None or sank is not None
