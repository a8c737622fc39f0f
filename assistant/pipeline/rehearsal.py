"""The sound of what will be said if all goes well, made while it is not done yet: it is played only if it is said."""

import asyncio
import logging
from contextlib import aclosing
from types import TracebackType
from typing import Self

from assistant.audio import AudioChunk
from assistant.pipeline.clauses import clauses
from assistant.pipeline.turn import Turn
from assistant.pipeline.voices import Voices
from assistant.streams import heed_cancellation, once

__all__ = ["Rehearsal"]

log = logging.getLogger(__name__)


class Rehearsal:
    """At most one clause, the first of a reply that is expected; the others are made while that one is heard."""

    def __init__(self, turn: Turn, language: str) -> None:
        self._turn = turn
        self._language = language
        self._task: asyncio.Task[tuple[str, list[AudioChunk]]] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End what is being made."""
        await self._leave()

    def expect(self, text: str) -> None:
        """Make the sound of how *text* begins, unless the voice is elsewhere: nobody there hears of a draft."""
        voices = Voices(self._turn.equipment.pool, self._turn.config, self._language, self._turn.speed)
        if text and self._task is None and self._turn.equipment.pool.model(voices.models[0]).capabilities.local:
            self._task = asyncio.create_task(self._make(text, voices), name=f"rehearsal of {self._turn.id}")

    async def sound(self, words: str) -> list[AudioChunk]:
        """Return the sound of *words* as a voice reads them; empty where something else was expected, or it failed."""
        task = self._task
        if task is None:
            return []
        try:
            expected, chunks = await asyncio.shield(task)
        except Exception as error:
            heed_cancellation(error)
            log.debug("turn %s: nothing was rehearsed: %s", self._turn.id, error)
            return []
        finally:
            await self._leave()
        return chunks if expected == words else []

    async def _make(self, text: str, voices: Voices) -> tuple[str, list[AudioChunk]]:
        async with aclosing(clauses(once(text), self._language)) as parts:
            first = await anext(parts)
        sound = voices.say(first.spoken, self._turn.priority, self._turn.equipment.timeouts.tts)
        async with aclosing(sound) as chunks:
            return first.spoken, [chunk async for chunk in chunks]

    async def _leave(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()
