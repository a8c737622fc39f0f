"""What left the speaker while the microphone heard something: what an echo canceller must take away."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from statistics import median

from assistant.audio import SPEECH, AudioChunk
from assistant.convert import Converter
from assistant.engines import Sink
from assistant.speech import Played

__all__ = ["Reference"]

_LEAD = 0.02
"""Seconds by which the reference is early: an echo that came before its sound could not be learnt, and the times that
sinks and sources tell are off by as much."""
_KEPT = 2.0
"""Seconds of sound that are kept after they were played, for a microphone that is late."""
_LONGEST = 120.0
"""Seconds of sound that a sink may be given ahead; with more, the oldest is forgotten."""
_SETTLING = 20
"""Reports after the first sound, and after a break, of which the median sets the clock: buffers still fill."""
_FOLLOW = 0.02
"""Share of a later report's deviation by which the clock moves: jitter averages out, drift is followed."""
_JUMP = 0.05
"""Seconds of deviation that are neither: there was a break."""
_SLACK = 0.03
"""Seconds by which the sound may be off before it is stretched or squeezed, by one sample for each chunk. The clocks of
busy machines err by as much, and a canceller minds a sound that creeps more than one that is a little early or late."""


class Reference:
    """Follow what is played on one device, answer by answer."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []

    def following(self, sink: Sink) -> Sink:
        """Return *sink* such that what it plays is followed."""
        return _Followed(sink, self._tracks)

    def during(self, heard: AudioChunk) -> AudioChunk:
        """Return what left the speaker while the 16 kHz mono *heard* was captured, of the same length and format.

        The samples of following chunks follow each other, as far as anything is known of what was played.
        """
        sounds = [track.read(heard.timestamp, len(heard.audio) // SPEECH.frame) for track in self._tracks]
        _drop(self._tracks, heard.timestamp)
        return AudioChunk(_mixed(sounds) if sounds else bytes(len(heard.audio)), SPEECH, heard.timestamp)


class _Followed:
    """A sink, and what becomes of the sound that it is given."""

    def __init__(self, sink: Sink, tracks: "list[_Track]") -> None:
        self._sink = sink
        self._tracks = tracks

    async def play(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[Played, None]:
        now = asyncio.get_running_loop().time
        _drop(self._tracks, now())
        track = _Track()
        self._tracks.append(track)
        try:
            async with aclosing(self._sink.play(track.taken(audio))) as progress:
                async for played in progress:
                    track.follow(played)
                    yield played
        finally:
            track.end(now())


def _drop(tracks: "list[_Track]", timestamp: float) -> None:
    """Drop the tracks that are over for a microphone that has come to *timestamp*."""
    tracks[:] = [track for track in tracks if not track.over(timestamp)]


class _Track:
    """The sound of one answer, and when each of its samples leaves."""

    def __init__(self) -> None:
        self._sound = bytearray()
        self._first = 0  # number of the first sample in `_sound`
        self._next: int | None = None  # number of the sample that is read next
        self._origin = 0.0  # the time at which sample 0 would have left, were there no breaks
        self._reports: list[float] = []  # the same, as the first reports say
        self._played = -1.0
        self._ended: float | None = None

    async def taken(self, audio: AsyncIterator[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
        """Yield *audio* as it is, and keep what it is at 16 kHz mono."""
        converter: Converter | None = None
        async for chunk in audio:
            if converter is None or converter.source != chunk.format:
                self._keep(converter.flush() if converter else b"")
                converter = Converter(chunk.format, SPEECH)
            self._keep(converter.push(chunk.audio))
            yield chunk
        self._keep(converter.flush() if converter else b"")

    def _keep(self, sound: bytes) -> None:
        self._sound += sound
        self._forget(self._first + (len(self._sound) - SPEECH.size(_LONGEST)) // SPEECH.frame)

    def _forget(self, sample: int) -> None:
        """Forget the sound before a sample."""
        count = max(0, sample - self._first)
        del self._sound[: count * SPEECH.frame]
        self._first += count

    def follow(self, played: Played) -> None:
        """Learn from the sink how far it has come."""
        origin = played.timestamp - played.seconds
        if played.seconds == self._played or abs(origin - self._origin) > _JUMP:
            self._reports.clear()
        self._played = played.seconds
        if len(self._reports) < _SETTLING:
            self._reports.append(origin)
            self._origin = median(self._reports)
        else:
            self._origin += _FOLLOW * (origin - self._origin)
        self._forget(round((played.seconds - _KEPT) * SPEECH.rate))

    def end(self, timestamp: float) -> None:
        """Take note that the sink is silent from *timestamp* on."""
        self._ended = timestamp

    def over(self, timestamp: float) -> bool:
        """Tell whether nothing of it is left to be read for a microphone that has come to *timestamp*."""
        return self._ended is not None and self._ended < timestamp - _KEPT

    def read(self, timestamp: float, count: int) -> bytes:
        """Return the *count* samples that left from *timestamp* on, silence where there was nothing to play."""
        if not self._reports or (self._ended is not None and timestamp >= self._ended):
            return bytes(count * SPEECH.frame)
        wanted = round((timestamp + _LEAD - self._origin) * SPEECH.rate)
        start = wanted if self._next is None else self._next
        off = wanted - start
        if abs(off) <= _SLACK * SPEECH.rate:
            stretch = 0
        elif len(self._reports) < _SETTLING or abs(off) > _JUMP * SPEECH.rate:
            start, stretch = wanted, 0
        else:
            stretch = 1 if off > 0 else -1
        self._next = start + count + stretch
        return _stretched(self._cut(start, self._next), count)

    def _cut(self, start: int, end: int) -> bytes:
        """Return the samples from *start* to *end*, silence where there are none."""
        frame = SPEECH.frame
        before = min(max(0, self._first - start), end - start)
        first = max(0, start - self._first) * frame
        sound = bytes(self._sound[first : max(0, end - self._first) * frame])
        return (bytes(before * frame) + sound).ljust((end - start) * frame, b"\0")


def _stretched(sound: bytes, count: int) -> bytes:
    """Return *sound* as *count* samples."""
    if len(sound) == count * SPEECH.frame:
        return sound
    import numpy as np

    samples = np.frombuffer(sound, "<i2")
    at = np.arange(count) * (len(samples) / count)
    made: bytes = np.rint(np.interp(at, np.arange(len(samples)), samples)).astype("<i2").tobytes()
    return made


def _mixed(sounds: list[bytes]) -> bytes:
    """Return the sum of sounds of the same length."""
    if len(sounds) == 1:
        return sounds[0]
    import numpy as np

    samples = np.sum([np.frombuffer(sound, "<i2") for sound in sounds], axis=0, dtype=np.int32)
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()
