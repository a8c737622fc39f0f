"""Sound as programs send it and want it: WAV by the core, everything else by an engine of the kind `codec`."""

import math
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assistant.audio import AudioChunk, AudioFormat
from assistant.chat import Priority
from assistant.convert import converted
from assistant.engines import Kind
from assistant.errors import UnknownAudio
from assistant.models.pool import Pool
from assistant.streams import iterate_in_thread, prefetch
from assistant.wav import decode_speech, wav_header

__all__ = ["SPOKEN", "Encoding", "Sounds"]

SPOKEN = AudioFormat(rate=24_000)
"""What programs get, as OpenAI's do: 24 kHz, 16-bit, mono."""
_AHEAD = 512
"""Pieces of sound that are made before their reader has taken them, so that no slow reader holds a voice for long."""
_CONTENT = {"mp3": "audio/mpeg", "opus": "audio/ogg"}


class Encoding(StrEnum):
    """How sound is written for programs."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"

    @property
    def content_type(self) -> str:
        """Return how HTTP names it."""
        return _CONTENT.get(self, f"audio/{self}")


@dataclass(frozen=True, slots=True)
class Sounds:
    """Readers and writers of sound."""

    pool: Pool
    """Where the codecs are."""
    longest: float
    """Seconds of sound that are read."""
    queue: float = math.inf
    """Requests that may wait for a codec."""

    async def speech(self, data: bytes) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of a file as 16 kHz mono.

        Raises UnknownAudio for a format that cannot be read, AudioTooLong, AudioError for what is damaged.
        """
        if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
            async with aclosing(iterate_in_thread(lambda: decode_speech(data, self.longest))) as sound:
                async for chunk in sound:
                    yield chunk
            return
        async with self._codec("the file is no WAV file") as codec, aclosing(codec.decode(data, self.longest)) as sound:
            async for chunk in sound:
                yield chunk

    async def encoded(self, sound: AsyncGenerator[AudioChunk, None], form: Encoding) -> AsyncGenerator[bytes, None]:
        """Yield *sound* as it comes, in `SPOKEN`; raises UnknownAudio for a format that cannot be written."""
        if form in (Encoding.WAV, Encoding.PCM):
            async with prefetch(sound, _AHEAD) as made, aclosing(converted(made, SPOKEN)) as spoken:
                head = wav_header(SPOKEN) if form is Encoding.WAV else b""
                async for chunk in spoken:
                    yield head + chunk.audio  # nothing goes before the first sound, for that may fail
                    head = b""
                if head:
                    yield head
            return
        async with (
            self._codec(f"{form} cannot be written", form) as codec,  # first, so that no voice waits for it
            prefetch(sound, _AHEAD) as made,
            aclosing(converted(made, SPOKEN)) as spoken,
            aclosing(codec.encode(spoken, form)) as pieces,
        ):
            async for piece in pieces:
                yield piece

    def _codec(self, otherwise: str, form: str = "") -> AbstractAsyncContextManager[Any]:
        """Borrow the first codec that writes a format, where one is asked for; raises UnknownAudio."""
        for model in self.pool.status():
            if model.kind is Kind.CODEC and (not form or form in model.capabilities.encodings):
                return self.pool.lease(model.id, Priority.API, queue=self.queue)
        raise UnknownAudio(otherwise, hint="use wav, or: pip install inglenook-av")
