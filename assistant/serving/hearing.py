"""Recordings as text for programs."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from assistant.audio import AudioChunk
from assistant.chat import Priority
from assistant.engines import Kind
from assistant.errors import EngineError, UnfitModel
from assistant.models.pool import Pool
from assistant.serving.names import Named, Names
from assistant.serving.sounds import Sounds
from assistant.speech import SttOptions, Transcript
from assistant.streams import patient

__all__ = ["Heard", "Hearing"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard so far."""

    transcript: Transcript
    """The words."""
    seconds: float
    """How much sound the engine has taken."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Speech recognisers as programs may use them."""

    pool: Pool
    """Where the engines are."""
    names: Names
    """What the models are called."""
    sounds: Sounds
    """Who reads the files."""
    queue: int
    """Requests that may wait for a model."""
    patience: float
    """Seconds that a model may make no progress."""

    def named(self, name: str, options: SttOptions, *, timed: bool = False) -> Named:
        """Return the model that is to hear; raises UnknownModel, UnfitModel where it cannot do what is asked."""
        named = self.names.find(name, Kind.STT)
        able = self.pool.model(named.model).capabilities
        if options.language and not able.knows(options.language):
            known = ", ".join(able.languages)
            raise UnfitModel(f"the model {named.name} does not know {options.language!r}", hint=f"it knows {known}")
        if options.translate and not able.translates:
            raise UnfitModel(f"the model {named.name} does not translate", hint="use a multilingual one: whisper-base")
        if (timed or options.words) and not able.times:
            raise UnfitModel(f"the model {named.name} tells no times", hint="ask for json or text")
        return named

    async def transcripts(self, named: Named, data: bytes, options: SttOptions) -> AsyncGenerator[Heard, None]:
        """Yield what is said in the file *data*, the last of them final.

        Raises AudioError, UnknownAudio, AudioTooLong, EngineBusy, EngineUnavailable, EngineTimeout, EngineError.
        """
        await self.pool.open(named.model)
        taken = _Taken(self.sounds.speech(data))
        async with (
            aclosing(taken.sound),
            self.pool.lease(named.model, Priority.API, queue=self.queue) as engine,
            aclosing(patient(engine.transcribe(taken, options), self.patience, f"model {named.model}")) as heard,
        ):
            async for transcript in heard:
                yield Heard(transcript, taken.seconds)

    async def transcript(self, named: Named, data: bytes, options: SttOptions) -> Heard:
        """Return all that is said in the file *data*; raises as `transcripts` does."""
        async with aclosing(self.transcripts(named, data, options)) as every:
            async for heard in every:
                if heard.transcript.final:
                    return heard
        raise EngineError(f"model {named.model} ended without a final transcript")


class _Taken:
    """Sound that counts how much of it was taken."""

    def __init__(self, sound: AsyncGenerator[AudioChunk, None]) -> None:
        self.sound = sound
        self.seconds = 0.0

    def __aiter__(self) -> AsyncIterator[AudioChunk]:
        return self

    async def __anext__(self) -> AudioChunk:
        chunk = await anext(self.sound)
        self.seconds += chunk.duration
        return chunk
