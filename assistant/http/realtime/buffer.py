"""The sound that a client sends, as the engines that listen take it."""

import asyncio
import base64
import binascii
from collections import deque
from collections.abc import AsyncGenerator

from assistant.audio import SPEECH, AudioChunk, AudioFormat
from assistant.convert import Converter
from assistant.http.problem import Problem
from assistant.http.realtime.forms import Form

__all__ = ["Buffer"]

_CHUNK = SPEECH.size(0.04)
"""Bytes of a chunk: what is decided is decided between two."""
_LONGEST = 120.0
"""Seconds of sound that are kept for whoever listens."""


class Buffer:
    """Sound on its way to whoever listens, first in, first out. Its clock is that of the sound, from *began* on."""

    def __init__(self, began: float) -> None:
        self.began = began
        """Seconds on the clock of the audio at which the first sample counts."""
        self.end = began
        """The same for the last one."""
        self._chunks: deque[AudioChunk] = deque()
        self._arrived = asyncio.Event()
        self._converter = Converter(AudioFormat(Form.PCM.rate), SPEECH)
        self._rest = b""

    @property
    def seconds(self) -> float:
        """Return how much nobody has listened to yet."""
        return sum(chunk.duration for chunk in self._chunks)

    def push(self, data: str, form: Form) -> None:
        """Take more sound in a form, in base64; raises Problem for what is none, or too much."""
        try:
            audio = form.read(base64.b64decode(data, validate=True))
        except (binascii.Error, ValueError):
            raise Problem(400, "invalid_audio", "the sound is no base64", key="audio") from None
        source = AudioFormat(form.rate)
        if self.seconds + source.seconds(len(audio)) > _LONGEST:
            raise Problem(400, "input_audio_buffer_full", f"more than {_LONGEST:g} s of sound wait", "commit, or clear")
        if source != self._converter.source:
            self._rest += self._converter.flush()
            self._converter = Converter(source, SPEECH)
        sound = self._rest + self._converter.push(audio)
        whole = len(sound) - len(sound) % _CHUNK
        self._rest = sound[whole:]
        for at in range(0, whole, _CHUNK):
            self._put(sound[at : at + _CHUNK])

    def take(self) -> tuple[AudioChunk, ...]:
        """Return all that is there, and forget it."""
        rest, self._rest = self._rest + self._converter.flush(), b""
        self._converter = Converter(self._converter.source, SPEECH)
        if rest:
            self._put(rest)
        taken = tuple(self._chunks)
        self._chunks.clear()
        return taken

    async def stream(self) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound as it comes; whoever goes on reads on."""
        while True:
            while not self._chunks:
                self._arrived.clear()
                await self._arrived.wait()
            yield self._chunks.popleft()

    def _put(self, audio: bytes) -> None:
        chunk = AudioChunk(audio, SPEECH, self.end)
        self.end = chunk.end
        self._chunks.append(chunk)
        self._arrived.set()
