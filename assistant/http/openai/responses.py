"""`/v1/responses`: what came after chat at OpenAI. Nothing is kept: each request holds the whole conversation."""

import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from assistant.access import Scope
from assistant.http.naming import model_of
from assistant.http.openai import events
from assistant.http.openai.dialect import fault, render
from assistant.http.openai.ears import Ears
from assistant.http.openai.eyes import Eyes
from assistant.http.openai.parameters import MOST
from assistant.http.openai.replies import Asked, reply
from assistant.http.openai.response_answer import Response
from assistant.http.openai.response_events import Event
from assistant.http.openai.response_request import ResponseBody, TextForm
from assistant.http.openai.response_writer import Writer
from assistant.http.problem import Problem
from assistant.http.route import Route, json_answer
from assistant.http.streaming import EVENTS, stream
from assistant.serving import Generation

__all__ = ["ResponsesDoor"]


class ResponsesDoor:
    """The door to chat models by responses."""

    def __init__(self, generation: Generation, ears: Ears, eyes: Eyes) -> None:
        self._generation = generation
        self._ears = ears
        self._eyes = eyes

    def routes(self) -> list[Route]:
        """Return the route."""
        path = "/v1/responses"
        return [Route("POST", path, self._answer, Scope.CHAT, ResponseBody, Response, MOST, render, media=(EVENTS,))]

    async def _answer(self, request: web.Request, body: ResponseBody) -> web.StreamResponse:
        """Answer `input`, which is a question or all that was said and done; with `stream` by events."""
        name = model_of(request, body.model)
        heard = await self._ears.parts(request, name, body.sounds())
        wanted = body.request({**heard, **await self._eyes.parts(body.pictures())})
        named = self._generation.named(name, wanted)
        wanted = named.filled(wanted, cut=body.max_output_tokens is not None)
        asked = Asked(named, wanted, one_call=body.parallel_tool_calls is False)
        writer = Writer(_response(body, named.name))

        def failed(problem: Problem) -> bytes:
            what = fault(problem)
            return _event(writer.fail(what.code, what.message))

        pieces = self._events(asked, writer)
        if body.stream:
            return await stream(request, EVENTS, events.guarded(pieces, failed))
        async with aclosing(pieces):
            async for _ in pieces:
                pass
        return json_answer(writer.response)

    async def _events(self, asked: Asked, writer: Writer) -> AsyncGenerator[bytes, None]:
        begun = False
        async with aclosing(reply(self._generation, asked)) as deltas:
            async for delta in deltas:
                steps = [*([] if begun else writer.begin()), *writer.take(delta)]
                begun = True
                yield b"".join(map(_event, steps))


def _event(step: Event) -> bytes:
    return events.event(step, str(type(step).__struct_config__.tag))


def _response(body: ResponseBody, model: str) -> Response:
    """Return a response of which nothing is written."""
    return Response(
        id=f"resp_{uuid.uuid4().hex}",
        created_at=int(time.time()),
        model=model,
        status="in_progress",
        instructions=body.instructions,
        max_output_tokens=body.max_output_tokens,
        metadata=body.metadata or {},
        parallel_tool_calls=body.parallel_tool_calls is not False,
        temperature=body.temperature,
        top_p=body.top_p,
        text=body.text or TextForm(),
        tools=list(body.tools or ()),
        tool_choice=body.tool_choice or "auto",
    )
