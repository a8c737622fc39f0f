"""The engine: one thread for all voices, one sentence a step."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from assistant import AudioChunk, UnfitRequest, Voice, in_thread, iterate_in_thread
from assistant_piper.config import MAX_SPEED, MIN_SPEED, PiperConfig

if TYPE_CHECKING:
    from assistant_piper.synthesis import LoadedVoice

__all__ = ["Piper", "open_piper"]


class Piper:
    """Speak with the voices of one configuration."""

    def __init__(self, voices: "Mapping[str, LoadedVoice]", config: PiperConfig, executor: Executor) -> None:
        self._voices = voices
        self._config = config
        self._executor = executor

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of each sentence of each clause as soon as it is made, at the voice's own rate.

        Raises UnfitRequest for a voice or speaker that is not there, and for a speed nobody can follow.
        """
        chosen, speaker = self._choose(voice)
        speed = self._config.speed * voice.speed
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise UnfitRequest(
                f"Piper cannot speak at {speed:g} times its pace", hint=f"ask for {MIN_SPEED:g} to {MAX_SPEED:g}"
            )
        async for clause in text:
            sentences: partial[Iterator[AudioChunk]] = partial(chosen.say, clause, speaker, speed)
            async with aclosing(iterate_in_thread(sentences, self._executor)) as sound:
                async for chunk in sound:
                    yield chunk

    def _choose(self, voice: Voice) -> "tuple[LoadedVoice, int | None]":
        """Return the voice that is asked for and the number of its speaker: by name, else by language."""
        default = next(iter(self._voices.values()))
        if voice.name:
            name = voice.name.removeprefix("piper-")
            if name not in self._voices:
                raise UnfitRequest(
                    f"Piper has no voice {voice.name!r}; it has {', '.join(self._voices)}",
                    hint="add it to `voices` of the model's section",
                )
            chosen = self._voices[name]
        else:
            chosen = _closest(voice.language, list(self._voices.values()))
        return chosen, chosen.speaker(voice.speaker or (self._config.speaker if chosen is default else ""))


def _closest(language: str, voices: "list[LoadedVoice]") -> "LoadedVoice":
    """Return the first voice of that tag, else of that language, else the default one."""
    if not language:
        return voices[0]
    wanted = language.lower().replace("_", "-")
    same = [voice for voice in voices if voice.language.lower() == wanted]
    alike = [voice for voice in voices if voice.language.lower().split("-")[0] == wanted.split("-")[0]]
    return [*same, *alike, *voices][0]


@asynccontextmanager
async def open_piper(config: PiperConfig) -> AsyncGenerator[Piper, None]:
    """Load the voices into a thread of their own.

    Raises ModelError for a missing or damaged voice.
    """

    def load() -> "dict[str, LoadedVoice]":
        from assistant_piper.synthesis import load_voices

        return load_voices(config)

    with ThreadPoolExecutor(1, thread_name_prefix="piper") as executor:
        voices = await in_thread(load, executor)
        try:
            piper = Piper(voices, config, executor)
            piper._choose(Voice())  # a speaker that is not there is said now, not at the first answer
            yield piper
        finally:
            await in_thread(voices.clear, executor)
