"""Sound as programs send it and want it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum

from assistant.audio import AudioChunk, AudioFormat
from assistant.convert import converted
from assistant.errors import UnknownAudio
from assistant.streams import iterate_in_thread
from assistant.wav import decode_speech, wav_header

__all__ = ["SPOKEN", "Encoding", "Sounds"]

SPOKEN = AudioFormat(rate=24_000)
"""What programs get, as OpenAI's do: 24 kHz, 16-bit, mono."""
_INSTALL = "pip install inglenook-av"


class Encoding(StrEnum):
    """How sound is written for programs."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"


@dataclass(frozen=True, slots=True)
class Sounds:
    """Readers and writers of sound: WAV by the core."""

    longest: float
    """Seconds of sound that are read."""

    async def speech(self, data: bytes) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of a file as 16 kHz mono.

        Raises UnknownAudio for a format that cannot be read, AudioTooLong, AudioError for what is damaged.
        """
        if not _is_wav(data):
            raise UnknownAudio("the file is no WAV file", hint=f"send one, or: {_INSTALL}")
        async with aclosing(iterate_in_thread(lambda: decode_speech(data, self.longest))) as sound:
            async for chunk in sound:
                yield chunk

    async def encoded(self, sound: AsyncIterator[AudioChunk], form: Encoding) -> AsyncGenerator[bytes, None]:
        """Yield *sound* as it comes, in `SPOKEN`; raises UnknownAudio for a format that cannot be written."""
        if form not in (Encoding.WAV, Encoding.PCM):
            raise UnknownAudio(f"{form} cannot be written", hint=f"ask for wav or pcm, or: {_INSTALL}")
        async with aclosing(converted(sound, SPOKEN)) as spoken:
            head = wav_header(SPOKEN) if form is Encoding.WAV else b""
            async for chunk in spoken:
                yield head + chunk.audio  # nothing goes before the first sound, for that may fail
                head = b""
            if head:
                yield head


def _is_wav(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"
