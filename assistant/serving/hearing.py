"""Recordings as text for programs."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from assistant.audio import AudioChunk
from assistant.chat import Priority
from assistant.config.assistants import AssistantConfig
from assistant.engines import Kind
from assistant.errors import EngineError, UnfitModel
from assistant.models.pool import Pool
from assistant.routing import Health, Route, well_first
from assistant.routing import heard as heard_by
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
    model: str
    """Id of who hears."""


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
    health: Health = field(default_factory=Health)
    """Who failed lately."""

    def named(self, name: str, options: SttOptions, *, timed: bool = False) -> Named:
        """Return the models of which one is to hear; raises UnknownModel, UnfitModel where none can do that."""
        return self._able(self.names.find(name, Kind.STT), options, timed=timed)

    def of(self, assistant: AssistantConfig, options: SttOptions) -> Named:
        """Return the models of which one is to hear for an assistant; raises UnfitModel where none can."""
        first = assistant.ears[0]
        route = Route(tuple((model,) for model in assistant.ears), assistant.strategy)
        return self._able(Named(first, first, route), options)

    def _able(self, named: Named, options: SttOptions, *, timed: bool = False) -> Named:
        of_kind = [id_ for id_ in named.route.models if id_ in self.pool and self._is_one(id_)]
        lacking = {id_: self._lacking(named, id_, options, timed=timed) for id_ in of_kind}
        able = [id_ for id_ in of_kind if lacking[id_] is None]
        if not able:
            raise lacking[named.model] or UnfitModel(f"the model {named.name} cannot hear")
        return replace(named, model=able[0], route=replace(named.route, tiers=tuple((id_,) for id_ in able)))

    def _is_one(self, model: str) -> bool:
        return self.pool.model(model).spec.kind is Kind.STT

    def _lacking(self, named: Named, model: str, options: SttOptions, *, timed: bool) -> UnfitModel | None:
        """Return what a model cannot do of what is asked; None where it can."""
        able, name = self.pool.model(model).capabilities, named.name
        if named.route.strategy == "private" and not able.local:
            return UnfitModel(f"the model {name} is not on this machine", hint="it is private (`strategy`)")
        if options.language and not able.knows(options.language):
            known = ", ".join(able.languages)
            return UnfitModel(f"the model {name} does not know {options.language!r}", hint=f"it knows {known}")
        if options.translate and not able.translates:
            return UnfitModel(f"the model {name} does not translate", hint="use a multilingual one: whisper-base")
        if (timed or options.words) and not able.times:
            return UnfitModel(f"the model {name} tells no times", hint="ask for json or text")
        return None

    async def transcripts(self, named: Named, data: bytes, options: SttOptions) -> AsyncGenerator[Heard, None]:
        """Yield what is said in the file *data*, the last of them final; where a model fails the next begins anew.

        Raises AudioError, UnknownAudio, AudioTooLong, EngineBusy, EngineUnavailable, EngineTimeout, EngineError.
        """
        models = well_first(named.route.models, self.health)
        hear = partial(self._heard, data=data, options=options)
        async with aclosing(heard_by(models, self.health, hear)) as every:
            async for heard in every:
                yield heard

    async def _heard(self, model: str, data: bytes, options: SttOptions) -> AsyncGenerator[Heard, None]:
        await self.pool.open(model)
        taken = _Taken(self.sounds.speech(data))
        async with (
            aclosing(taken.sound),
            self.pool.lease(model, Priority.API, queue=self.queue) as engine,
            aclosing(patient(engine.transcribe(taken, options), self.patience, f"model {model}")) as heard,
        ):
            async for transcript in heard:
                yield Heard(transcript, taken.seconds, model)

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
