"""Who hears an utterance: the first of an assistant's recognisers that knows the language, and the next where it
fails."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from assistant.audio import AudioChunk
from assistant.engines import Stt
from assistant.errors import EngineError
from assistant.models.pool import leased
from assistant.pipeline.turn import Turn
from assistant.routing import State, heard, is_served, well_first
from assistant.speech import SttOptions, Transcript
from assistant.streams import once, patient

__all__ = ["Ears"]


class Ears:
    """The speech recognisers of one turn for one language, in the order in which they are asked."""

    def __init__(self, turn: Turn, language: str | None, *, held: bool = False) -> None:
        """Take those that know *language*; while a draft is *held* those of this machine come first."""
        pool, health = turn.equipment.pool, turn.equipment.routing.health
        here = [model for model in turn.config.ears if model in pool] or list(turn.config.ears)
        able = [model for model in here if pool.model(model).capabilities.knows(language or "")] or here
        well = well_first(able, health)
        self._turn = turn
        self._language = language
        self.wanted = able[0]
        """Who would be the first, were nobody asleep and had nobody failed."""
        self.models = sorted(well, key=lambda model: (self._failed(model), held and not self._is_here(model)))
        """Their ids."""
        self.stand_in = self.models[0] != well[0]
        """Whether the first is so only because nothing may leave this machine yet."""

    async def hear(
        self, sound: tuple[AudioChunk, ...], begin: Callable[[str], Awaitable[None]] | None = None
    ) -> Transcript:
        """Return what is said in *sound*. *begin* is told which model is to hear, and waited for.

        Raises what the last of them raised, and EngineTimeout where it makes no progress.
        """

        async def final(model: str) -> AsyncGenerator[Transcript, None]:
            async with aclosing(self._transcripts(model, sound)) as transcripts:
                async for transcript in transcripts:
                    if transcript.final:
                        yield transcript
                        return
            raise EngineError(f"model {model} ended without a final transcript")

        health = self._turn.equipment.routing.health
        async with aclosing(heard(self.models, health, final, begin)) as transcripts:
            return await anext(transcripts)

    def _transcripts(self, model: str, sound: tuple[AudioChunk, ...]) -> AsyncGenerator[Transcript, None]:
        options, turn = SttOptions(language=self._language, prompt=self._turn.hint), self._turn

        def transcribe(stt: Stt) -> AsyncGenerator[Transcript, None]:
            return stt.transcribe(once(*sound), options)

        hearing = leased(turn.equipment.pool, model, turn.priority, transcribe)
        return patient(hearing, self._patience(model), f"model {model}")

    def _patience(self, model: str) -> float:
        """Return the seconds that a model has: half of them where it is a server's and another one is well."""
        others = self.models[self.models.index(model) + 1 :]
        hurried = is_served(model) and not all(map(self._failed, others))
        return self._turn.equipment.timeouts.stt / (2 if hurried else 1)

    def _failed(self, model: str) -> bool:
        return self._turn.equipment.routing.health.state(model) is State.OPEN

    def _is_here(self, model: str) -> bool:
        return self._turn.equipment.pool.model(model).capabilities.local
