"""Recordings as text for programs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from assistant.audio import AudioChunk
from assistant.chat import Priority
from assistant.engines import Kind
from assistant.errors import EngineBusy, EngineError, UnfitModel
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
    _places: "dict[str, _Places]" = field(default_factory=dict)
    """Where recordings wait for each model."""

    def named(self, name: str, options: SttOptions, *, timed: bool = False) -> Named:
        """Return the model that is to hear; raises UnknownModel, UnfitModel where it cannot do what is asked."""
        named = self.names.find(name, Kind.STT)
        able = self.pool.model(named.model).capabilities
        if options.language and not able.knows(options.language):
            known = ", ".join(able.languages)
            raise UnfitModel(f"the model {name} does not know {options.language!r}", hint=f"it knows {known}")
        if options.translate and not able.translates:
            raise UnfitModel(f"the model {name} does not translate", hint="use a multilingual one: whisper-base")
        if (timed or options.words) and not able.times:
            raise UnfitModel(f"the model {name} tells no times", hint="ask for json or text")
        return named

    async def transcripts(self, named: Named, data: bytes, options: SttOptions) -> AsyncGenerator[Heard, None]:
        """Yield what is said in the file *data*, the last of them final.

        Raises AudioError, UnknownAudio, AudioTooLong, EngineBusy, EngineUnavailable, EngineTimeout, EngineError.
        """
        await self.pool.open(named.model)
        taken = _Taken(self.sounds.speech(data))
        async with (
            aclosing(taken.sound),
            self._place(named.model).taken(self.queue, named.model),
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

    def _place(self, model: str) -> "_Places":
        if model not in self._places:
            self._places[model] = _Places(max(1, self.pool.model(model).capabilities.parallel - 1))
        return self._places[model]


class _Places:
    """Places that recordings may take in an engine: of several, one is left to whoever speaks into a microphone.

    A recording may last an hour, and what has begun is not interrupted.
    """

    def __init__(self, places: int) -> None:
        self._free = asyncio.Semaphore(places)
        self._waiting = 0

    @asynccontextmanager
    async def taken(self, queue: int, model: str) -> AsyncGenerator[None, None]:
        """Wait for a place and hold it; raises EngineBusy where more than *queue* wait."""
        if self._free.locked() and self._waiting >= queue:
            raise EngineBusy(f"model {model}: {self._waiting} wait for it already", hint="try again later")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


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
