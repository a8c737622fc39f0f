"""The engine: sound is gathered into windows, and each window is one step of its own thread."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant import SPEECH, AudioChunk, AudioError, SttOptions, TimedText, Transcript, in_thread
from assistant_faster_whisper import languages
from assistant_faster_whisper.config import FasterWhisperConfig

if TYPE_CHECKING:
    from assistant_faster_whisper.recogniser import Heard, Recogniser

__all__ = ["FasterWhisper", "open_faster_whisper"]

WINDOW = SPEECH.size(30)
"""Bytes of the longest sound that Whisper takes at once."""


class FasterWhisper:
    """Transcribe speech window by window.

    Transcriptions that run at the same time take turns at each window, so a command does not wait for a long file.
    """

    def __init__(self, recogniser: "Recogniser", executor: Executor, language: str | None = None) -> None:
        self._recogniser = recogniser
        self._executor = executor
        self._language = language

    async def transcribe(
        self, audio: AsyncIterator[AudioChunk], options: SttOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Yield the text so far after each full window of 30 s, then all of it.

        Raises EngineError for a language that the model does not know, AudioError for sound that is not 16 kHz mono.
        """
        speech = _Speech(self._recogniser, options.language or self._language, options)
        async for chunk in audio:
            speech.add(chunk)
            while speech.waiting > WINDOW:
                await self._hear(speech)
                yield speech.transcript(final=False)
        while speech.waiting:
            await self._hear(speech)
            if speech.waiting:
                yield speech.transcript(final=False)
        yield speech.transcript(final=True)

    async def _hear(self, speech: "_Speech") -> None:
        """Hear the next window; each guess at it is a step, after which the work can be left."""
        while not await in_thread(speech.hear, self._executor):
            pass


class _Speech:
    """One transcription: the sound that still waits, and the text so far."""

    def __init__(self, recogniser: "Recogniser", language: str | None, options: SttOptions) -> None:
        recogniser.check_task(options)
        self._recogniser = recogniser
        self._language = language
        self._code = recogniser.check_language(languages.code(language)) if language else None
        self._options = options
        self._sound = bytearray()
        self._passed = 0.0
        self._texts: list[str] = []
        self._segments: list[TimedText] = []
        self._words: list[TimedText] = []
        self._hearing: Iterator[Heard | None] | None = None

    def add(self, chunk: AudioChunk) -> None:
        if chunk.format != SPEECH:
            raise AudioError(f"speech of {chunk.format.rate} Hz came to an engine that takes 16 kHz mono, 16 bit")
        self._sound += chunk.audio

    @property
    def waiting(self) -> int:
        """Return the bytes of sound that were not heard yet."""
        return len(self._sound)

    def hear(self) -> bool:
        """Make one guess at the next window; return whether that settles it. What it does not cover waits on."""
        if self._hearing is None:
            window = bytes(self._sound[:WINDOW])
            if self.waiting > WINDOW:
                window = window[: self._recogniser.pause(window)]
            self._hearing = self._recogniser.hear(window, self._code, self._options)
        heard = next(self._hearing)
        if heard is None:
            return False
        self._hearing = None
        del self._sound[: SPEECH.size(heard.seconds)]
        self._segments += (self._placed(segment) for segment in heard.segments)
        self._words += (self._placed(word) for word in heard.words)
        self._passed += heard.seconds
        if heard.text:
            self._texts.append(heard.text)
            self._code = heard.language
        return True

    def _placed(self, heard: TimedText) -> TimedText:
        """Return what was heard in the window with its times in the whole sound."""
        start, end = (round(self._passed + at, 2) for at in (heard.start, heard.end))
        return replace(heard, start=start, end=end)

    def transcript(self, *, final: bool) -> Transcript:
        language = self._language or (languages.tag(self._code) if self._code else "")
        return Transcript(" ".join(self._texts), language, final, tuple(self._segments), tuple(self._words))


@asynccontextmanager
async def open_faster_whisper(config: FasterWhisperConfig) -> AsyncGenerator[FasterWhisper, None]:
    """Load the model into a thread of its own.

    Raises ModelError for a missing or damaged folder.
    """
    if config.language:
        languages.code(config.language)

    def load() -> "Recogniser":
        from assistant_faster_whisper.recogniser import Recogniser

        return Recogniser.load(config)

    with ThreadPoolExecutor(1, thread_name_prefix="faster-whisper") as executor:
        recogniser = await in_thread(load, executor)
        try:
            yield FasterWhisper(recogniser, executor, config.language)
        finally:
            await in_thread(recogniser.close, executor)
