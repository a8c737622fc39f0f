"""What can be said although an engine fails: sentences that were spoken in advance, and a sound of last resort."""

import array
import logging
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from assistant.audio import SPEECH, AudioChunk
from assistant.chat import Priority
from assistant.config.schema import AssistantConfig
from assistant.engines import Tts
from assistant.models.pool import Pool, leased
from assistant.pipeline.language import apology
from assistant.speech import Voice
from assistant.streams import once, patient

__all__ = ["Phrases", "voice_of"]

log = logging.getLogger(__name__)

_PATIENCE = 30.0
"""Seconds for each piece of sound of a phrase. Nobody waits for it yet, and a voice may be slow at first."""


def voice_of(assistant: AssistantConfig, language: str) -> Voice:
    """Return the voice in which an assistant speaks *language*."""
    return Voice(name=assistant.voice, language=language)


def _falling_tones() -> AudioChunk:
    """Make two falling tones of a quarter of a second: something went wrong."""
    samples = array.array("h")
    for hertz in (440.0, 330.0):
        count = SPEECH.rate // 4
        fade = SPEECH.rate // 50
        for n in range(count):
            level = 6000 * min(1.0, n / fade, (count - n) / fade)
            samples.append(round(level * math.sin(math.tau * hertz * n / SPEECH.rate)))
    return AudioChunk(samples.tobytes(), SPEECH)


class Phrases:
    """The apology of each assistant, as sound."""

    def __init__(self) -> None:
        self._apologies: dict[str, tuple[AudioChunk, ...]] = {}
        self._tones = (_falling_tones(),)

    async def prepare(self, pool: Pool, assistants: Mapping[str, AssistantConfig]) -> None:
        """Speak the fixed phrases once and keep them; an assistant without a voice gets the tones."""
        for name, assistant in assistants.items():
            if not assistant.tts:
                continue
            try:
                self._apologies[name] = await _spoken(assistant, pool)
            except Exception as error:
                log.warning("%s cannot speak its apology in advance: %s", name, error)

    def apology(self, assistant: str) -> tuple[AudioChunk, ...]:
        """Return what *assistant* plays when a turn fails."""
        return self._apologies.get(assistant) or self._tones


async def _spoken(assistant: AssistantConfig, pool: Pool) -> tuple[AudioChunk, ...]:
    language = "en" if assistant.language == "auto" else assistant.language

    def speak(tts: Tts) -> AsyncGenerator[AudioChunk, None]:
        return tts.speak(once(apology(language)), voice_of(assistant, language))

    sound = leased(pool, assistant.tts, Priority.BACKGROUND, speak)
    async with aclosing(patient(sound, _PATIENCE, f"model {assistant.tts}")) as chunks:
        return tuple([chunk async for chunk in chunks])
