"""`/api/turn`: a question to an assistant, said or written; the answer in words and sound, and where its time went.

Everything is told by server-sent events while it comes about.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, nullcontext
from dataclasses import asdict
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.access.caller import OWNER_KEY
from assistant.assembly import Assembly
from assistant.audio import AudioChunk
from assistant.chat import Priority
from assistant.errors import ConfigError
from assistant.http.form import RECORDING, Room, read_form
from assistant.http.guard import caller
from assistant.http.openai import events
from assistant.http.problem import Problem
from assistant.http.route import FileForm, Route, decoded, read
from assistant.http.streaming import EVENTS, stream
from assistant.images import read_image
from assistant.pipeline.answer import speak
from assistant.pipeline.clauses import clauses
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.turn import Turn
from assistant.serving import Encoding, Hearing
from assistant.skill import OWNER
from assistant.speech import SttOptions
from assistant.vision import Image

__all__ = ["TurnDoor"]

_WRITTEN = 100_000
"""Bytes of a question in writing, without pictures."""
_SHOWN = 28_000_000
"""Bytes of one with pictures, which are a third larger in base64."""
_AT_ONCE = 8
"""Recordings and pictures that are taken at once: each may be large."""
_EVENTS = 256
"""Events that wait for their reader."""

Name = Annotated[str, Meta(max_length=256)]


class TurnForm(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asked, and how the answer is to come."""

    assistant: Name = ""
    conversation: Name = ""
    language: Annotated[str, Meta(max_length=35)] = ""
    sound: bool = True
    format: Encoding = Encoding.PCM


class TurnBody(TurnForm, frozen=True, kw_only=True):
    """The same, and a question in writing."""

    text: Annotated[str, Meta(min_length=1, max_length=8000)]
    images: Annotated[tuple[bytes, ...], Meta(max_length=8)] = ()


_FORM = FileForm("audio", RECORDING, TurnForm)


class TurnDoor:
    """The door to the assistants."""

    def __init__(self, assembly: Assembly, hearing: Hearing) -> None:
        self._assembly = assembly
        self._hearing = hearing
        self._room = Room(_AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the route."""
        return [
            Route("POST", "/api/turn", self._answer, Scope.HOME, TurnBody, most=_SHOWN, form=_FORM, media=(EVENTS,))
        ]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """Ask an assistant: JSON with `text`, or a form with a recording as its field `audio`."""
        if request.content_type != "multipart/form-data":  # curl calls JSON a form, too, unless it is told otherwise
            small = (request.content_length or _SHOWN) <= _WRITTEN
            with nullcontext() if small else self._room.place():
                body: TurnBody = decoded(await read(request, _SHOWN), TurnBody)
                images = [read_image(data) for data in body.images]
                turn = self._turn(request, body)
                turn.heard = body.language
                return await self._told(request, body, turn, body.text, images)
        with self._room.place():
            form = await read_form(request, _FORM)
            asked = form.fields
            turn = self._turn(request, asked)
            question = await self._heard(turn, form.file, asked.language)
        return await self._told(request, asked, turn, question)

    def _turn(self, request: web.Request, asked: TurnForm) -> Turn:
        person = OWNER if caller(request) is OWNER_KEY else ""
        try:
            return self._assembly.turn(asked.assistant, priority=Priority.API, person=person)
        except ConfigError as error:
            raise Problem(404, "no_assistant", str(error), error.hint, key="assistant") from None

    async def _heard(self, turn: Turn, file: bytes, language: str) -> str:
        """Return what is said in a recording; raises Problem where that is nothing."""
        options = SttOptions(language or turn.expected)
        if not turn.config.ears:
            raise Problem(400, "no_ears", f"the assistant {turn.assistant} is only written to", "send `text`")
        heard = await self._hearing.transcript(self._hearing.of(turn.config, options), file, options)
        turn.models["stt"], turn.heard = heard.model, heard.transcript.language
        if not heard.transcript.text:
            raise Problem(400, "nothing_said", "nothing is said in the recording", key="audio")
        return heard.transcript.text

    async def _told(
        self, request: web.Request, asked: TurnForm, turn: Turn, question: str, images: Sequence[Image] = ()
    ) -> web.StreamResponse:
        name = asked.conversation or turn.id
        key = f"{caller(request).name}/{name}"  # nobody goes on with what was said under another key
        reply = _Reply(turn, question, images, name, key, asked.format, self._hearing)
        pieces = reply.events(sounding=asked.sound)
        return await stream(request, EVENTS, events.guarded(pieces, _problem))


class _Reply:
    """One turn, as its events."""

    def __init__(
        self,
        turn: Turn,
        question: str,
        images: Sequence[Image],
        conversation: str,
        key: str,
        form: Encoding,
        hearing: Hearing,
    ) -> None:
        self._turn = turn
        self._question = question
        self._images = images
        self._conversation = conversation
        self._key = key
        self._form = form
        self._sounds = hearing.sounds
        self._out = asyncio.Queue[bytes | Exception | None](_EVENTS)

    async def events(self, *, sounding: bool) -> AsyncGenerator[bytes, None]:
        """Yield the question, the words and the sound as they come, and the receipt."""
        turn = self._turn
        yield events.event(
            {"text": self._question, "language": turn.language, "turn": turn.id, "conversation": self._conversation},
            "transcript",
        )
        running = asyncio.create_task(self._run(sounding and bool(turn.config.voices)), name="turn")
        try:
            while isinstance(event := await self._out.get(), bytes):
                yield event
            if event is not None:
                raise event
        finally:
            running.cancel()
            await asyncio.wait({running})
        yield events.event(_receipt(turn, self._key), "receipt")

    async def _run(self, sounding: bool) -> None:
        """Put every event into the queue, and how it ended: with None, or with what failed."""
        failure = None
        try:
            await self._reply(sounding)
        except Exception as error:
            failure = error
        await self._out.put(failure)

    async def _reply(self, sounding: bool) -> None:
        """Answer, and speak what is written while it is written."""
        words = asyncio.Queue[str | None]()
        speaking = asyncio.create_task(self._speak(words) if sounding else _nothing(), name="turn's voice")
        try:
            async with aclosing(text_turn(self._turn, self._question, self._key, self._images)) as reply:
                async for word in reply:
                    words.put_nowait(word)
                    await self._out.put(events.event({"text": word}, "words"))
            words.put_nowait(None)
            await speaking
        finally:
            speaking.cancel()
            await asyncio.wait({speaking})
            if not speaking.cancelled():
                speaking.exception()  # seen

    async def _speak(self, words: "asyncio.Queue[str | None]") -> None:
        async with aclosing(self._sounds.encoded(self._sound(words), self._form)) as pieces:
            async for piece in pieces:
                sound = {"audio": base64.b64encode(piece).decode(), "format": self._form}
                await self._out.put(events.event(sound, "sound"))

    async def _sound(self, words: "asyncio.Queue[str | None]") -> AsyncGenerator[AudioChunk, None]:
        language = self._turn.language
        parts = clauses(_until_none(words), language)
        async with aclosing(parts), aclosing(speak(parts, language, Outbox.unheld(self._turn))) as spoken:
            async for piece in spoken:
                yield piece.chunk


async def _nothing() -> None:
    """Say nothing."""


async def _until_none(words: "asyncio.Queue[str | None]") -> AsyncIterator[str]:
    while (word := await words.get()) is not None:
        yield word


def _receipt(turn: Turn, conversation: str) -> dict[str, object]:
    """Return where the time of a turn went: names and seconds, no content."""
    return {
        "turn": turn.id,
        "assistant": turn.assistant,
        "outcome": turn.outcome,
        "rung": turn.rung,
        "models": dict(turn.models),
        "parts": dict(turn.timeline.parts()),
        "work": dict(turn.timeline.work()),
        "actions": [asdict(action) for action in turn.actions],
        "asks": turn.equipment.conversations.asks(conversation),
    }


def _problem(problem: Problem) -> bytes:
    return events.event({"code": problem.code, "message": str(problem), "hint": problem.hint}, "error")
