"""`/v1/audio/transcriptions` and `/v1/audio/translations`: a recording as text, in its own language or in English."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.http.form import RECORDING, Room, read_form
from assistant.http.naming import model_of
from assistant.http.openai import events
from assistant.http.openai.dialect import render
from assistant.http.openai.parameters import ModelName
from assistant.http.openai.transcripts import Delta, Done, Transcription, brief, srt, verbose, vtt
from assistant.http.problem import Problem
from assistant.http.route import FileForm, Route, json_answer
from assistant.http.streaming import EVENTS, stream
from assistant.serving import Heard, Hearing, Named
from assistant.speech import SttOptions

__all__ = ["TranscriptionsDoor"]

_AT_ONCE = 8
"""Requests at once: each may hold a file."""

_SRT, _VTT = "application/x-subrip", "text/vtt"
_TIMED = ("srt", "vtt", "verbose_json")


class TranscriptionForm(msgspec.Struct, frozen=True, kw_only=True):
    """How a recording is to be heard, and what is to be told of it."""

    model: ModelName = ""
    language: Annotated[str, Meta(max_length=35)] = ""
    prompt: Annotated[str, Meta(max_length=4000)] = ""
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    temperature: Annotated[float, Meta(ge=0, le=1)] = 0.0
    timestamp_granularities: Annotated[list[Literal["segment", "word"]], Meta(max_length=2)] = []
    stream: bool = False

    def options(self, *, translate: bool) -> SttOptions:
        """Return what an engine is told; raises Problem for what does not go together."""
        if self.timestamp_granularities and self.response_format != "verbose_json":
            message = "timestamp_granularities: only verbose_json has times"
            raise Problem(400, "bad_request", message, key="timestamp_granularities")
        if self.stream and self.response_format not in ("json", "text"):
            raise Problem(400, "bad_request", "stream: events hold no times", "ask for json", key="stream")
        return SttOptions(
            language=self.language or None,
            prompt=self.prompt,
            translate=translate,
            words="word" in self.timestamp_granularities,
            temperature=self.temperature,
        )


_MEDIA = ("text/plain", _SRT, _VTT, EVENTS)
_FORM = FileForm("file", RECORDING, TranscriptionForm)


class TranscriptionsDoor:
    """The door to speech recognisers."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._room = Room(_AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", path, answer, Scope.AUDIO, gives=Transcription, render=render, form=_FORM, media=_MEDIA)
            for path, answer in (
                ("/v1/audio/transcriptions", self._transcribe),
                ("/v1/audio/translations", self._translate),
            )
        ]

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        """Write down what is said in a recording, a form's field `file`; with `stream` as it is heard."""
        return await self._answer(request, translate=False)

    async def _translate(self, request: web.Request) -> web.StreamResponse:
        """Write in English what is said in a recording, a form's field `file`."""
        return await self._answer(request, translate=True)

    async def _answer(self, request: web.Request, *, translate: bool) -> web.StreamResponse:
        with self._room.place():
            form = await read_form(request, _FORM)
            asked = form.fields
            options = asked.options(translate=translate)
            name, timed = model_of(request, asked.model), asked.response_format in _TIMED
            named = self._hearing.named(name, options, timed=timed)
            if asked.stream:
                pieces = events.guarded(self._events(named, form.file, options), events.typed)
                return await stream(request, EVENTS, pieces)
            heard = await self._hearing.transcript(named, form.file, options)
            return _written(heard, asked, translated=translate)

    async def _events(self, named: Named, file: bytes, options: SttOptions) -> AsyncGenerator[bytes, None]:
        told = ""
        async with aclosing(self._hearing.transcripts(named, file, options)) as every:
            async for heard in every:
                text = heard.transcript.text
                if text.startswith(told) and text != told:  # what an engine takes back is not told before the end
                    yield events.event(Delta(delta=text.removeprefix(told)))
                    told = text
                if heard.transcript.final:
                    yield events.event(Done(text=text))


def _written(heard: Heard, asked: TranscriptionForm, *, translated: bool) -> web.Response:
    said = heard.transcript
    match asked.response_format:
        case "text":
            return web.Response(text=f"{said.text}\n")
        case "srt":
            return web.Response(text=srt(said.segments), content_type=_SRT)
        case "vtt":
            return web.Response(text=vtt(said.segments), content_type=_VTT)
        case "verbose_json":
            told = asked.timestamp_granularities or ["segment"]
            return json_answer(verbose(heard, told, asked.temperature, translated=translated))
    return json_answer(brief(heard))
