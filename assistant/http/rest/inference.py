"""`/generate` and `/api/inference/`: a model, by its id, at work on texts; one, several in turn, several at once."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import msgspec
from aiohttp import web

from assistant.access import Scope
from assistant.chat import ChatMessage, Done, TextDelta
from assistant.engines import Kind
from assistant.errors import AssistantError, UnfitModel
from assistant.http.guard import caller, spend
from assistant.http.problem import Problem
from assistant.http.rest.bodies import (
    BatchBody,
    GenerateBody,
    InferenceBody,
    Outcome,
    Outcomes,
    ParallelBody,
    Parameters,
    Said,
)
from assistant.http.rest.said import ended, fault, told
from assistant.http.route import Route, json_answer
from assistant.http.streaming import LINES, stream
from assistant.serving import Embedding, Generation

__all__ = ["InferenceDoor"]

log = logging.getLogger(__name__)


class InferenceDoor:
    """The door to models that write and models that place texts."""

    def __init__(self, generation: Generation, embedding: Embedding) -> None:
        self._generation = generation
        self._embedding = embedding

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", "/generate", self._generate, Scope.CHAT, GenerateBody, Said, media=(LINES,)),
            Route("POST", "/api/inference/", self._one, Scope.CHAT, InferenceBody, Said),
            Route("POST", "/api/inference/batch", self._batch, Scope.CHAT, BatchBody, Outcomes),
            Route("POST", "/api/inference/parallel", self._parallel, Scope.CHAT, ParallelBody, Outcomes),
        ]

    async def _generate(self, request: web.Request, body: GenerateBody) -> web.StreamResponse:
        """Answer a `prompt`; with `stream` as it is written, a line of JSON for each piece."""
        if body.stream:
            return await stream(request, LINES, self._lines(body))
        return json_answer(await self._written(body.model, body.messages(), body, caller(request).name))

    async def _one(self, request: web.Request, body: InferenceBody) -> web.Response:
        """Let a model work on `inputs`: a chat model answers, a model of sentences places them."""
        return json_answer(await self._work(body, caller(request).name))

    async def _batch(self, request: web.Request, body: BatchBody) -> web.Response:
        """Let a model work on each of `inputs` in turn; what fails is told in its place."""
        pieces = [InferenceBody(inputs=one, model_id=body.model_id, parameters=body.parameters) for one in body.inputs]
        spend(request, Scope.CHAT, len(pieces) - 1, beside=1)
        asker = caller(request).name
        return json_answer(_outcomes([await self._outcome(piece, asker) for piece in pieces]))

    async def _parallel(self, request: web.Request, body: ParallelBody) -> web.Response:
        """Let models work on several `requests` at once; what fails is told in its place."""
        spend(request, Scope.CHAT, len(body.requests) - 1, beside=1)
        asker = caller(request).name
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._outcome(piece, asker)) for piece in body.requests]
        return json_answer(_outcomes(task.result() for task in tasks))

    async def _outcome(self, body: InferenceBody, asker: str) -> Outcome:
        try:
            return Outcome(result=await self._work(body, asker))
        except (AssistantError, Problem) as error:
            return Outcome(error=fault(error))
        except Exception:
            log.exception("one of several pieces of work failed")
            return Outcome(error=fault(Problem(500, "internal_error", "it failed", "the daemon's log says why")))

    async def _work(self, body: InferenceBody, asker: str) -> Said:
        if self._kind(body.model_id) is Kind.EMBED:
            return await self._placed(body)
        return await self._written(body.model_id, body.messages(), body.parameters, asker)

    def _kind(self, name: str) -> Kind:
        """Return what the model of a name is for; unknown names are left to whoever looks them up."""
        named = self._generation.names.every().get(name)
        return named.kind if named else Kind.CHAT

    async def _placed(self, body: InferenceBody) -> Said:
        if not isinstance(body.inputs, str):
            raise UnfitModel(f"the model {body.model_id} places texts", hint="give a text as `inputs`")
        named, began = self._embedding.named(body.model_id), time.monotonic()
        [vector] = await self._embedding.vectors(named, [body.inputs])
        seconds = round(time.monotonic() - began, 4)
        return Said(model=named.model, vector=[float(number) for number in vector], seconds=seconds)

    async def _written(self, name: str, messages: tuple[ChatMessage, ...], how: Parameters, asker: str) -> Said:
        began, asked = time.monotonic(), how.request(messages)
        named = self._generation.named(name, asked)
        asked = named.filled(asked, cut=how.max_tokens is not None)
        answer = await self._generation.answer(named, asked, asker=asker, keep=how.cache)
        return Said(**told(answer, time.monotonic() - began))

    async def _lines(self, body: GenerateBody) -> AsyncGenerator[bytes, None]:
        asked, began, begun = body.request(body.messages()), time.monotonic(), False
        named = self._generation.named(body.model, asked)
        try:
            reply = self._generation.reply(named, named.filled(asked, cut=body.max_tokens is not None))
            async with aclosing(reply) as deltas:
                async for delta in deltas:
                    begun = True
                    if isinstance(delta, TextDelta):
                        yield _line({"delta": delta.text})
                    elif isinstance(delta, Done):
                        yield _line(Said(model=named.model, **ended(delta, time.monotonic() - began)))
        except AssistantError as error:
            if not begun:
                raise
            yield _line({"error": fault(error)})


def _line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _outcomes(every: Iterable[Outcome]) -> Outcomes:
    results = list(every)
    return Outcomes(results=results, failed=sum(outcome.error is not None for outcome in results))
