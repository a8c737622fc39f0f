"""`/v1/audio/speech` and `/v1/audio/voices`: text as sound, sent while it is made."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.engines import Kind
from assistant.http.naming import model_of
from assistant.http.openai import events
from assistant.http.openai.dialect import render
from assistant.http.openai.parameters import ModelName
from assistant.http.route import Route, json_answer
from assistant.http.streaming import EVENTS, stream
from assistant.serving import Encoding, Speaking

__all__ = ["AnyVoice", "SpeechDoor", "voice_name"]

_THEIRS = frozenset(
    "alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split()  # noqa: SIM905
)
"""OpenAI's own voices, of which every client must name one: the model's own voice stands for each of them."""


class VoiceId(msgspec.Struct, frozen=True):
    """A voice by its id."""

    id: Annotated[str, Meta(max_length=256)]


AnyVoice = Annotated[str, Meta(max_length=256)] | VoiceId


def voice_name(voice: AnyVoice | None) -> str:
    """Return the name of a voice; empty for the model's own."""
    name = voice.id if isinstance(voice, VoiceId) else voice or ""
    return "" if name in _THEIRS else name


class SpeechBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said, and how."""

    input: Annotated[str, Meta(min_length=1, max_length=4096)]
    model: ModelName | None = None
    voice: AnyVoice | None = None
    response_format: Encoding = Encoding.MP3
    speed: Annotated[float, Meta(ge=0.25, le=4)] = 1.0
    stream_format: Literal["audio", "sse"] = "audio"


class Delta(msgspec.Struct, frozen=True, kw_only=True, tag="speech.audio.delta"):
    """More sound, in base64."""

    audio: str


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="speech.audio.done"):
    """The end of the sound."""


class VoiceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A voice."""

    id: str
    name: str
    model: str
    language: str


class Voices(msgspec.Struct, frozen=True, kw_only=True):
    """Every voice."""

    voices: list[VoiceEntry]


class AudioModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that hears or speaks."""

    id: str
    task: Literal["automatic-speech-recognition", "text-to-speech"]
    object: Literal["model"] = "model"


class AudioModels(msgspec.Struct, frozen=True, kw_only=True):
    """Every model that hears or speaks."""

    models: list[AudioModel]


_TASKS: dict[Kind, Literal["automatic-speech-recognition", "text-to-speech"]] = {
    Kind.STT: "automatic-speech-recognition",
    Kind.TTS: "text-to-speech",
}


_MEDIA = (EVENTS, *(encoding.content_type for encoding in Encoding))


class SpeechDoor:
    """The door to voices."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", "/v1/audio/speech", self._answer, Scope.AUDIO, SpeechBody, render=render, media=_MEDIA),
            Route("GET", "/v1/audio/voices", self._voices, Scope.AUDIO, gives=Voices, render=render),
            Route("GET", "/v1/audio/models", self._models, Scope.AUDIO, gives=AudioModels, render=render),
        ]

    async def _answer(self, request: web.Request, body: SpeechBody) -> web.StreamResponse:
        """Say `input`; the sound is sent while it is made, as it is or by events."""
        named = self._speaking.named(model_of(request, body.model))
        voice = self._speaking.voice(named, voice_name(body.voice), body.speed)
        pieces = self._speaking.spoken(named, body.input, voice, body.response_format)
        if body.stream_format == "sse":
            return await stream(request, EVENTS, events.guarded(_events(pieces), events.typed))
        return await stream(request, body.response_format.content_type, pieces)

    async def _voices(self, request: web.Request) -> web.Response:
        """List the voices of every model, or of the one that the path names."""
        models = [model.id for model in self._speaking.pool.status() if model.kind is Kind.TTS]
        if name := model_of(request, ""):
            models = [self._speaking.named(name).model]
        voices = [
            VoiceEntry(id=voice.name, name=voice.name, model=model, language=voice.language)
            for model in models
            for voice in self._speaking.voices(self._speaking.named(model))
        ]
        return json_answer(Voices(voices=voices))

    async def _models(self, request: web.Request) -> web.Response:
        """List the models that hear or speak, and their aliases."""
        every = self._speaking.names.every().items()
        return json_answer(
            AudioModels(
                models=[AudioModel(id=name, task=_TASKS[model.kind]) for name, model in every if model.kind in _TASKS]
            )
        )


async def _events(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(pieces):
        async for piece in pieces:
            yield events.event(Delta(audio=base64.b64encode(piece).decode()))
        yield events.event(Done())
