"""Play an answer, and know which of its words were really heard."""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from assistant.audio import AudioChunk
from assistant.convert import faded
from assistant.engines import Sink
from assistant.speech import Played

__all__ = ["Playback", "Spoken"]

_TAIL = 0.1
"""Seconds of a clause that may be missing and it still counts as heard: synthesis ends in a little silence."""
_SLICE = 0.02
"""Seconds of sound whose loudness is decided at once, and in which it rises or falls without a click."""
_DUCKED = 0.15
"""Loudness while somebody may be speaking: 16 dB less, which is still heard, and leaves little echo."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of an answer as sound."""

    chunk: AudioChunk
    """The sound, in the voice's own format."""
    clause: str = ""
    """The words that begin with this piece; empty for the rest of a clause."""


class Playback:
    """One answer on its way through a sink."""

    def __init__(self) -> None:
        self._clauses: list[tuple[str, float]] = []
        self._given = 0.0
        self._played = 0.0
        self._whole = False
        self.began: float | None = None
        """Seconds on the clock of the event loop at which the first sample left; None before."""
        self._volume = self._wanted = 1.0
        self.loud = asyncio.Event()
        """Set while the voice is not lowered."""
        self.loud.set()

    def duck(self) -> None:
        """Lower the voice, because somebody may be speaking: that of the next sound which the sink asks for."""
        self._wanted = _DUCKED
        self.loud.clear()

    def restore(self) -> None:
        """Let the voice rise again."""
        self._wanted = 1.0
        self.loud.set()

    async def play(self, sink: Sink, spoken: AsyncIterator[Spoken]) -> AsyncGenerator[Played, None]:
        """Play *spoken* and yield how far it has come; closing it silences the sink."""
        async with aclosing(sink.play(self._audio(spoken))) as progress:
            async for played in progress:
                if self.began is None:
                    self.began = played.timestamp - played.seconds
                self._played = played.seconds
                yield played

    async def _audio(self, spoken: AsyncIterator[Spoken]) -> AsyncGenerator[AudioChunk, None]:
        async for piece in spoken:
            if piece.clause:
                self._clauses.append((piece.clause, self._given))
            self._given += piece.chunk.duration
            for part in _slices(piece.chunk):
                volume, self._volume = self._volume, self._wanted
                yield part if volume == self._volume == 1.0 else faded(part, volume, self._volume)
        self._whole = True

    @property
    def _starts(self) -> list[float]:
        return [start for _, start in self._clauses]

    @property
    def said(self) -> str:
        """Return the words that the sink was given so far."""
        return " ".join(clause for clause, _ in self._clauses)

    @property
    def silent(self) -> bool:
        """Tell whether the answer had no sound at all."""
        return self._given == 0.0

    @property
    def finished(self) -> bool:
        """Tell whether the answer was heard to its end."""
        return self._whole and self._played >= self._given - _TAIL

    @property
    def heard(self) -> str:
        """Return the words that were heard so far; of a clause that was cut off, its share of them."""
        return self.heard_until(self._played)

    @property
    def given(self) -> float:
        """Return the seconds of sound that the sink was given so far."""
        return self._given

    def heard_until(self, played: float) -> str:
        """Return the words of the first *played* seconds: whoever has the speaker may know better how far it came."""
        heard: list[str] = []
        ends = [*self._starts[1:], self._given if self._whole else math.inf]
        for (clause, start), end in zip(self._clauses, ends, strict=False):
            if played >= end - _TAIL:
                heard.append(clause)
                continue
            words = clause.split()
            share = (played - start) / (min(end, self._given) - start)  # of what there is of it so far
            heard.extend(words[: max(0, min(int(len(words) * share), len(words) - 1))])
            break
        return " ".join(heard)


def _slices(chunk: AudioChunk) -> Iterator[AudioChunk]:
    size = chunk.format.size(_SLICE)
    for at in range(0, len(chunk.audio), size):
        yield AudioChunk(chunk.audio[at : at + size], chunk.format)
