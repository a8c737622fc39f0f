"""What is said when something rings, spoken in advance: at that moment no engine is needed."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

from assistant.audio import AudioChunk
from assistant.config.assistants import AssistantConfig
from assistant.models.pool import Pool
from assistant.pipeline.spoken import spoken_form
from assistant.pipeline.voices import Voices
from assistant.streams import heed_cancellation
from assistant.timers.timer import State, Timer
from assistant.timers.timers import Timers
from assistant.timers.words import announcement

__all__ = ["Sounds"]

log = logging.getLogger(__name__)

_AGAIN = 30.0
"""Seconds after which a voice that failed is asked again."""

Words = tuple[str, str, str]
"""Who says what in which language."""


class Sounds:
    """The announcements of all that is to ring."""

    def __init__(self, timers: Timers, pool: Pool, assistants: Mapping[str, AssistantConfig]) -> None:
        self._timers = timers
        self._pool = pool
        self._assistants = assistants
        self._made: dict[Words, tuple[AudioChunk, ...]] = {}
        self._wanted = asyncio.Event()

    def of(self, timer: Timer) -> tuple[AudioChunk, ...]:
        """Return what is said when *timer* rings; nothing where no voice could say it yet."""
        return self._made.get(self._words(timer), ())

    async def run(self) -> None:
        """Speak what is not spoken yet, what rings already first; until cancelled."""
        self._timers.changed.add(self._wanted.set)
        try:
            while True:
                self._wanted.clear()
                await self._speak_all()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_AGAIN):
                        await self._wanted.wait()
        finally:
            self._timers.changed.discard(self._wanted.set)

    async def _speak_all(self) -> None:
        pending = sorted(self._timers.pending(), key=lambda t: (t.state is not State.RINGING, self._timers.left(t)))
        wanted = dict.fromkeys(self._words(timer) for timer in pending)
        self._made = {words: sound for words, sound in self._made.items() if words in wanted}
        for words in wanted:
            if words in self._made or not self._assistants[words[0]].tts:
                continue
            try:
                self._made[words] = await self._spoken(words)
            except Exception as error:
                heed_cancellation(error)
                log.debug("what is said when it rings cannot be spoken yet: %s", error)
                return
            if self._wanted.is_set():
                return  # something else may ring sooner

    def _words(self, timer: Timer) -> Words:
        assistant = timer.assistant if timer.assistant in self._assistants else next(iter(self._assistants))
        return assistant, announcement(timer), timer.language

    async def _spoken(self, words: Words) -> tuple[AudioChunk, ...]:
        name, text, language = words
        return await Voices(self._pool, self._assistants[name], language).in_advance(spoken_form(text, language))
