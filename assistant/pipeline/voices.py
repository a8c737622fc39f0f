"""Which voice says something: the first of an assistant's that speaks the language, or else whoever can be had."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from assistant.audio import AudioChunk
from assistant.chat import Priority
from assistant.config.assistants import AssistantConfig
from assistant.engines import Tts
from assistant.models.pool import Pool, leased
from assistant.speech import Voice
from assistant.streams import heed_cancellation, once, patient

__all__ = ["Voices"]

log = logging.getLogger(__name__)

_IN_ADVANCE = 30.0
"""Seconds for each piece of sound that nobody waits for yet: a voice may be slow at first."""


class Voices:
    """The voices of one assistant for one language, at a *speed* of which 1 is their own."""

    def __init__(self, pool: Pool, assistant: AssistantConfig, language: str, speed: float = 1.0) -> None:
        self._pool = pool
        self._assistant = assistant
        self._language = language
        self._speed = speed
        self.models = sorted(assistant.voices, key=lambda model: not self.knows(model))
        """Ids of their models, the preferred one first; one that fails is left out from then on."""

    def knows(self, model: str) -> bool:
        """Tell whether a model speaks the language, or has the assistant's own voice, whose language nobody knows."""
        capabilities, named = self._pool.model(model).capabilities, self._assistant.voice
        nameless = any(voice.name == named and not voice.language for voice in capabilities.voices)
        return nameless or capabilities.knows(self._language)

    def voice(self, model: str) -> Voice:
        """Return the voice of a model: the assistant's own, unless that is another model's."""
        named, pool = self._assistant.voice, self._pool
        owners = [
            other
            for other in self._assistant.voices
            if any(voice.name == named for voice in pool.model(other).capabilities.voices)
        ]
        name = named if model in (owners or self._assistant.voices[:1]) else ""
        return Voice(name, self._language, speed=self._speed)

    async def say(
        self, text: str, priority: Priority, patience: float, begin: Callable[[str], Awaitable[None]] | None = None
    ) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of *text*. Where a voice fails before it is heard, the next one speaks from then on.

        *begin* is told which model is to speak, and waited for. Raises what the last voice raised, and EngineTimeout
        where it makes no progress in *patience* seconds.
        """
        heard = False
        while True:
            model = self.models[0]
            try:
                if begin is not None:
                    await begin(model)
                async with aclosing(self._sound(model, text, priority, patience)) as sound:
                    async for chunk in sound:
                        heard = True
                        yield chunk
                return
            except Exception as error:
                heed_cancellation(error)
                if heard or len(self.models) == 1:
                    raise
                log.warning("%s; %s speaks in its place", error, self.models[1])
                self.models.pop(0)

    async def in_advance(self, text: str) -> tuple[AudioChunk, ...]:
        """Return the sound of *text*, made while nobody waits for it; raises what the last voice raised."""
        async with aclosing(self.say(text, Priority.BACKGROUND, _IN_ADVANCE)) as chunks:
            return tuple([chunk async for chunk in chunks])

    def _sound(self, model: str, text: str, priority: Priority, patience: float) -> AsyncGenerator[AudioChunk, None]:
        def speak(tts: Tts) -> AsyncGenerator[AudioChunk, None]:
            return tts.speak(once(text), self.voice(model))

        return patient(leased(self._pool, model, priority, speak), patience, f"model {model}")
