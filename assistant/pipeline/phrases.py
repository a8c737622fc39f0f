"""What can be said although an engine fails: sentences that were spoken in advance, and a sound of last resort."""

import array
import logging
import math
from collections.abc import Mapping

from assistant.audio import SPEECH, AudioChunk
from assistant.config.assistants import AssistantConfig
from assistant.models.pool import Pool
from assistant.pipeline.language import apologies, apology, primary
from assistant.pipeline.voices import Voices

__all__ = ["Phrases"]

log = logging.getLogger(__name__)


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
    """The apologies of each assistant, as sound."""

    def __init__(self) -> None:
        self._apologies: dict[tuple[str, str], tuple[AudioChunk, ...]] = {}
        self._ranks: dict[tuple[str, str], int] = {}
        """How many voices would have been preferred to the one that spoke."""
        self._tones = (_falling_tones(),)

    async def prepare(self, pool: Pool, assistants: Mapping[str, AssistantConfig], model: str = "") -> None:
        """Speak the apologies once and keep them; an assistant without a voice gets the tones.

        Where a *model* is named only that speaks, and only what no better voice has spoken before.
        """
        for name, assistant in assistants.items():
            for language in _languages(assistant):
                voices = Voices(pool, assistant, language)
                if model:
                    rank = voices.models.index(model)
                    if rank >= self._ranks.get((name, language), len(voices.models)):
                        continue
                    voices.models, self._ranks[name, language] = [model], rank
                try:
                    self._apologies[name, language] = await voices.in_advance(apology(language))
                except Exception as error:
                    log.warning("%s cannot speak its apology in advance: %s", name, error)

    def apology(self, assistant: str, language: str = "en") -> tuple[AudioChunk, ...]:
        """Return what *assistant* plays when a turn in *language* fails."""
        own = {spoken: sound for (name, spoken), sound in self._apologies.items() if name == assistant}
        return own.get(primary(language)) or own.get("en") or next(iter(own.values()), self._tones)


def _languages(assistant: AssistantConfig) -> tuple[str, ...]:
    """Return the languages in which an assistant may have to say sorry: English where it has no words for it."""
    if not assistant.voices:
        return ()
    if assistant.language == "auto":
        return apologies()
    own = primary(assistant.language)
    return (own if own in apologies() else "en",)
