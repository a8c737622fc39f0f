"""The ear of a server: an utterance is sent once it is complete, as a file."""

import io
import wave
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import msgspec

from assistant import (
    SPEECH,
    AudioChunk,
    AudioError,
    AudioTooLong,
    ProvidedModel,
    SttOptions,
    TimedText,
    Transcript,
    UnfitRequest,
)
from assistant_openai_bridge.client import Client
from assistant_openai_bridge.languages import code, tag
from assistant_openai_bridge.profile import Profile

__all__ = ["BridgeStt"]

_FILE = 25_000_000
"""Bytes of a file that OpenAI takes."""
_SOME, _EACH = 65_536, 16_384
"""Bytes that an answer may have whatever the length of the sound, and for each second beside: words, times, tokens."""

_ROUNDED = 1.0
"""Seconds by which a time may lie after the end of the sound."""


class _Timed(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what was said, and when: a segment has its words in `text`, a word in `word`, or as LocalAI has it."""

    start: float
    end: float
    text: str = ""
    word: str = ""

    def value(self) -> TimedText:
        return TimedText((self.word or self.text).strip(), self.start, self.end)


class _Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says that it heard."""

    text: str
    language: str | None = None
    segments: list[_Timed] | None = None
    words: list[_Timed] | None = None


class BridgeStt:
    """Write down what is said with a model of another server."""

    def __init__(self, client: Client, profile: Profile, model: ProvidedModel) -> None:
        self._client, self._profile, self._model = client, profile, model

    async def transcribe(
        self, audio: AsyncIterator[AudioChunk], options: SttOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Yield what is heard in *audio*, at its end and at once; raises EngineError.

        Raises AudioTooLong for more than a server takes, AudioError for sound that is not 16 kHz mono.
        """
        if options.translate:
            raise UnfitRequest(f"the model {self._model.name} does not translate", hint="use one of this machine")
        speech = bytearray()
        async for chunk in audio:
            if chunk.format != SPEECH:
                raise AudioError(f"speech of {chunk.format.rate} Hz came to an engine that takes 16 kHz mono, 16 bit")
            speech += chunk.audio
            if len(speech) > _FILE - 44:
                raise AudioTooLong(f"{self._client.provider} takes {SPEECH.seconds(_FILE):.0f} s of sound at once")
        yield await self._heard(bytes(speech), options) if speech else Transcript("", options.language or "")

    async def _heard(self, speech: bytes, options: SttOptions) -> Transcript:
        seconds = SPEECH.seconds(len(speech))
        most = _SOME + _EACH * round(seconds)
        path, file, name = self._profile.hear_endpoint, _wav(speech), self._model.name
        async with self._client.post(path, self._body(options), model=name, most=most, file=file) as answer:
            if answer.type not in ("application/json", ""):
                raise answer.strange()
            try:
                heard = msgspec.json.decode(await answer.whole(), type=_Heard)
            except (msgspec.MsgspecError, RecursionError):
                raise answer.strange() from None
        return Transcript(
            " ".join(heard.text.split()),
            options.language or tag(heard.language or ""),
            segments=_placed(heard.segments, seconds),
            words=_placed(heard.words, seconds) if options.words else (),
        )

    def _body(self, options: SttOptions) -> dict[str, Any]:
        """Return the fields of the form; what OpenAI's newer models do not know is left out where it need not be."""
        times = self._model.capabilities.times
        body: dict[str, Any] = {"model": self._model.name, "response_format": "verbose_json" if times else "json"}
        if options.language:
            body["language"] = code(options.language)
        if options.prompt:
            body["prompt"] = options.prompt
        if options.temperature:
            body["temperature"] = options.temperature
        if options.words and times:
            body["timestamp_granularities"] = ["segment", "word"]
        return body


def _placed(pieces: list[_Timed] | None, seconds: float) -> tuple[TimedText, ...]:
    """Return pieces of so many *seconds* of sound; none where a time is no second of it: some write nanoseconds."""
    right = all(0 <= piece.start <= piece.end <= seconds + _ROUNDED for piece in pieces or ())
    return tuple(piece.value() for piece in pieces or ()) if right else ()


def _wav(speech: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(SPEECH.channels)
        writer.setsampwidth(SPEECH.width)
        writer.setframerate(SPEECH.rate)
        writer.writeframes(speech)
    return file.getvalue()
