"""How sure it is, in a pause, that the speaker has finished: by the sound and the words, again as the pause grows."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, Self

from assistant.audio import SPEECH, AudioChunk
from assistant.engines import Turn as TurnDetector
from assistant.pipeline.completeness import combine, completeness
from assistant.pipeline.draft import Draft
from assistant.pipeline.endpoint import Endpoint
from assistant.pipeline.ladder.exact import recognition_of
from assistant.pipeline.turn import Turn
from assistant.streams import in_thread

__all__ = ["Certainty"]

log = logging.getLogger(__name__)

_SOUND = 8.0
"""Seconds of the latest sound that a turn detector gets to hear."""
_UNKNOWN = 0.5
"""What words say in a language without a table."""
_SCORED_AT = (0.16, 0.8)
"""Seconds of silence at which the sound is scored: with as much of it as the detectors were trained on, and again where
people who have finished still wait. Any sound is scored higher the longer the silence at its end, so more often would
cut off more (benchmarks/endpointing.py)."""

_FOR_WORDS = 0.1
"""Seconds that the first scoring waits for words that may make it needless; it is of the sound as it was before."""

_UNDERSTOOD = 0.93
"""What an intent engine's word is worth that a sentence is one: "turn on the light" may go on, "in the kitchen"."""
_BEGUN = 0.05
"""What its word is worth that a sentence only begins like one: "who is" may be all that somebody asks a chat model."""
_SURE = 0.99
"""Nothing that a sound could say of a whole command would change the wait by much: the processor has better to do."""


class Certainty:
    """Weigh what is known in each pause, and set the endpoint's wait by it."""

    def __init__(self, turn: Turn, endpoint: Endpoint, chunks: Sequence[AudioChunk]) -> None:
        self.complete: float | None = None
        """Probability, 0 to 1, that the utterance is complete as it stands; None where nothing is known."""
        self._turn = turn
        self._endpoint = endpoint
        self._chunks = chunks
        self._said: dict[str, float] = {}
        self._witnesses: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End what is being scored."""
        witnesses = set(self._witnesses)
        self.resumed()
        if witnesses:
            await asyncio.wait(witnesses)

    def paused(self, at: float, draft: Draft | None) -> None:
        """Begin to weigh whether the speech that ended *at* (seconds on the clock of the audio) is complete."""
        reading = None if draft is None else self._hear(self._read(draft))
        if self._turn.config.turn:
            self._hear(self._score_as_it_grows(at, reading))

    def resumed(self) -> None:
        """Forget what was weighed: the speaker went on."""
        self._said.clear()
        self.complete = None
        for witness in self._witnesses:
            witness.cancel()

    def _hear(self, witness: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(witness, name=f"certainty of {self._turn.id}")
        self._witnesses.add(task)
        task.add_done_callback(self._witnesses.discard)
        return task

    def _weigh(self, witness: str, probability: float) -> None:
        self._said[witness] = probability
        self.complete = combine(*self._said.values())
        self._endpoint.score(self.complete)

    async def _read(self, draft: Draft) -> None:
        await asyncio.wait({draft.transcript})
        if draft.transcript.cancelled() or draft.transcript.exception() is not None:
            return
        words = draft.transcript.result()
        complete = completeness(words.text, words.language or self._turn.config.language)
        if words.text and complete != _UNKNOWN:  # to know nothing is not the same as to doubt
            self._weigh("words", complete)
        if words.text and self._turn.config.intent:
            recognition = await recognition_of(words.text, draft.language, self._turn)
            if recognition is not None and not (recognition.complete and recognition.free):
                self._weigh("intent", _UNDERSTOOD if recognition.complete else _BEGUN)

    async def _score_as_it_grows(self, at: float, reading: asyncio.Task[None] | None) -> None:
        loop = asyncio.get_running_loop()
        try:
            for silence in _SCORED_AT:
                await asyncio.sleep(max(0.0, at + silence - loop.time()))
                sound = self._latest()
                if reading is not None and self._turn.config.intent:
                    await asyncio.wait({reading}, timeout=_FOR_WORDS)
                if self.complete is None or self.complete < _SURE:
                    self._weigh("sound", await self._score(sound))
        except Exception as error:
            log.warning("turn %s: %s does not say who has finished: %s", self._turn.id, self._turn.config.turn, error)

    def _latest(self) -> AudioChunk:
        first = len(self._chunks)
        seconds = 0.0
        while first and seconds < _SOUND:
            first -= 1
            seconds += self._chunks[first].duration
        latest = self._chunks[first:]
        return AudioChunk(b"".join(chunk.audio for chunk in latest)[-SPEECH.size(_SOUND) :], SPEECH)

    async def _score(self, sound: AudioChunk) -> float:
        equipment = self._turn.equipment
        detector: TurnDetector
        async with equipment.pool.lease(self._turn.config.turn, self._turn.priority) as detector:
            return await in_thread(lambda: detector.score(sound), equipment.light)
