"""Text as speech for programs."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from assistant.audio import AudioChunk
from assistant.chat import Priority
from assistant.engines import Kind
from assistant.errors import UnfitRequest
from assistant.models.pool import Pool
from assistant.pipeline.clauses import clauses
from assistant.serving.names import Named, Names
from assistant.serving.sounds import Encoding, Sounds
from assistant.speech import Voice
from assistant.streams import once, patient

__all__ = ["Speaking"]


@dataclass(frozen=True, slots=True)
class Speaking:
    """Voices as programs may use them."""

    pool: Pool
    """Where the engines are."""
    names: Names
    """What the models are called."""
    sounds: Sounds
    """Who writes the files."""
    queue: int
    """Requests that may wait for a model."""
    patience: float
    """Seconds that a model may make no progress."""

    def named(self, name: str) -> Named:
        """Return the model of a name, the first where it is empty; raises UnknownModel."""
        return self.names.find(name, Kind.TTS)

    def voices(self, named: Named) -> tuple[Voice, ...]:
        """Return the voices of a model, its own one first."""
        return self.pool.model(named.model).capabilities.voices

    def voice(self, named: Named, name: str, speed: float = 1.0, language: str = "") -> Voice:
        """Return a voice of a model by its name; raises UnfitRequest where there is none.

        Without a name the model chooses one for the *language*, and without that it is its own one.
        """
        if language and not name:
            return Voice(language=language, speed=speed)
        known = self.voices(named)
        for voice in known if name else known[:1]:
            if name in ("", voice.name):
                return Voice(voice.name, language or voice.language, voice.speaker, speed)
        if name:
            names = ", ".join(voice.name for voice in known) or "its own only"
            raise UnfitRequest(f"the model {named.name} has no voice of that name", hint=f"it has {names}")
        return Voice(speed=speed)

    async def spoken(self, named: Named, text: str, voice: Voice, form: Encoding) -> AsyncGenerator[bytes, None]:
        """Yield the sound of *text* as it is made, a clause at a time, at least an empty piece.

        Raises UnknownAudio, UnfitRequest, EngineBusy, EngineUnavailable, EngineTimeout, EngineError.
        """
        async with aclosing(self.sounds.encoded(self._sound(named, text, voice), form)) as pieces:
            async for piece in pieces:
                yield piece

    async def _sound(self, named: Named, text: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        await self.pool.open(named.model)
        async with (
            self.pool.lease(named.model, Priority.API, queue=self.queue) as engine,
            aclosing(patient(engine.speak(_read(text, voice), voice), self.patience, f"model {named.model}")) as sound,
        ):
            async for chunk in sound:
                yield chunk


async def _read(text: str, voice: Voice) -> AsyncGenerator[str, None]:
    async with aclosing(clauses(once(text), voice.language or "en")) as every:
        async for clause in every:
            yield clause.spoken
