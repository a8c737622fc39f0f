"""The engine: one thread, one piece of text and one process at a time."""

import re
import textwrap
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from functools import partial

from assistant import AudioChunk, UnfitRequest, Voice, in_thread, iterate_in_thread
from assistant_espeak.config import MAX_SPEED, MIN_SPEED, EspeakConfig
from assistant_espeak.languages import voice_for
from assistant_espeak.program import Program

__all__ = ["Espeak", "open_espeak"]

_WORDS_PER_MINUTE = 175
"""The program's own pace."""
_LETTERS = 1000
"""Longest piece of text that one process reads."""
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u200d\u20e3\ufe0f]+")
"""Pictures and their joiners, which would be read out by name."""


class Espeak:
    """Speak with the voices of an installation of espeak-ng."""

    def __init__(self, program: Program, config: EspeakConfig, executor: Executor) -> None:
        self._program = program
        self._config = config
        self._executor = executor

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of each clause of *text*, a fifth of a second at a time.

        Raises UnfitRequest for a voice or variant (`Voice.speaker`) that is not there, and for a speed that it has not.
        """
        arguments = self._arguments(voice)
        async for clause in text:
            for piece in _pieces(clause):
                sound: partial[Iterator[AudioChunk]] = partial(self._program.say, piece, arguments)
                async with aclosing(iterate_in_thread(sound, self._executor)) as chunks:
                    async for chunk in chunks:
                        yield chunk

    def _arguments(self, voice: Voice) -> list[str]:
        config = self._config
        speed = config.speed * voice.speed
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise UnfitRequest(
                f"espeak-ng cannot speak at {speed:g} times its pace", hint=f"ask for {MIN_SPEED:g} to {MAX_SPEED:g}"
            )
        pace = round(speed * _WORDS_PER_MINUTE)
        return ["-v", self._chosen(voice), "-s", str(pace), "-p", str(config.pitch), "-a", str(config.volume)]

    def _chosen(self, voice: Voice) -> str:
        """Return the voice that is asked for, by name, else by language, else the default one."""
        name, _, variant = voice.name.partition("+")
        name = name or voice_for(voice.language, self._program.voices) or self._config.voice
        return self._program.voice(name, variant or voice.speaker or self._config.variant)


def _pieces(text: str) -> Iterator[str]:
    """Yield *text* in bounded pieces with a word in them, without what is no text to espeak-ng.

    A control character begins a command, and two brackets begin phonemes.
    """
    plain = "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
    plain = _EMOJI.sub(" ", plain).encode(errors="ignore").decode().replace("[[", "[ [")
    for piece in textwrap.wrap(plain, _LETTERS, break_on_hyphens=False):
        if any(character.isalnum() for character in piece):
            yield piece


@asynccontextmanager
async def open_espeak(config: EspeakConfig) -> AsyncGenerator[Espeak, None]:
    """Find the program and ask what it has.

    Raises EngineUnavailable where it is not there, UnfitRequest for a voice or variant that it has not.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="espeak") as executor:
        program = await in_thread(partial(Program.find, config.program), executor)
        program.voice(config.voice, config.variant)
        yield Espeak(program, config, executor)
