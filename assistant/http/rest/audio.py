"""`/api/audio/`: a recording as text, and text as sound, for scripts."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.http.form import RECORDING, Room, read_form
from assistant.http.route import FileForm, Route, json_answer
from assistant.http.streaming import stream
from assistant.serving import Encoding, Hearing, Speaking
from assistant.speech import SttOptions

__all__ = ["AudioDoor"]

_AT_ONCE = 8
"""Requests at once: each may hold a file."""

Name = Annotated[str, Meta(max_length=256)]


class TranscribeForm(msgspec.Struct, frozen=True, kw_only=True):
    """How a recording is to be heard."""

    model_id: Name = ""
    language: Annotated[str, Meta(max_length=35)] = ""


_FORM = FileForm("audio", RECORDING, TranscribeForm)


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """Up to a sentence, and when it was said."""

    text: str
    start: float
    end: float


class Transcribed(msgspec.Struct, frozen=True, kw_only=True):
    """What was said in a recording."""

    model: str
    text: str
    language: str
    duration: float
    segments: list[Timed]


class SpeechBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said, and how."""

    text: Annotated[str, Meta(min_length=1, max_length=4096)]
    model_id: Name = ""
    voice: Name = ""
    language: Annotated[str, Meta(max_length=35)] = ""
    speed: Annotated[float, Meta(ge=0.25, le=4)] = 1.0
    format: Encoding = Encoding.WAV


_SOUNDS = tuple(encoding.content_type for encoding in Encoding)


class AudioDoor:
    """The door to speech recognisers and voices."""

    def __init__(self, hearing: Hearing, speaking: Speaking) -> None:
        self._hearing = hearing
        self._speaking = speaking
        self._room = Room(_AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", "/api/audio/transcribe", self._transcribe, Scope.AUDIO, gives=Transcribed, form=_FORM),
            Route("POST", "/api/audio/text-to-speech", self._speak, Scope.AUDIO, SpeechBody, media=_SOUNDS),
        ]

    async def _transcribe(self, request: web.Request) -> web.Response:
        """Write down what is said in a recording, a form's field `audio`."""
        with self._room.place():
            form = await read_form(request, _FORM)
            asked = form.fields
            options = SttOptions(asked.language or None)
            named = self._hearing.named(asked.model_id, options)
            heard = await self._hearing.transcript(named, form.file, options)
        said = heard.transcript
        body = Transcribed(
            model=heard.model,
            text=said.text,
            language=said.language,
            duration=round(heard.seconds, 3),
            segments=[Timed(text=one.text, start=one.start, end=one.end) for one in said.segments],
        )
        return json_answer(body)

    async def _speak(self, request: web.Request, body: SpeechBody) -> web.StreamResponse:
        """Say `text`; the sound is sent while it is made."""
        named = self._speaking.named(body.model_id)
        voice = self._speaking.voice(named, body.voice, body.speed, body.language)
        sound = self._speaking.spoken(named, body.text, voice, body.format)
        return await stream(request, body.format.content_type, sound)
