"""`/api/chat` and `/api/generate`: replies, whole or as they are written, a line of JSON for each piece."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

from aiohttp import web

from assistant.access import Scope
from assistant.chat import ChatRequest, Done, TextDelta, ToolCall, WrittenToken
from assistant.engines import Kind
from assistant.errors import AssistantError, UnknownModel
from assistant.http.drawing import likely
from assistant.http.guard import about, needs
from assistant.http.ollama.bodies import Body, ChatBody, GenerateBody, chat_request, generate_request
from assistant.http.ollama.dialect import Stopwatch, at_once, fault, line, moment, render
from assistant.http.ollama.leaving import leave
from assistant.http.route import JsonObject, Route, json_answer
from assistant.http.streaming import LINES, stream
from assistant.serving import Generation

__all__ = ["routes"]

_BODY = 30_000_000
"""Bytes of a body, which may hold images."""

Shape = Callable[[str, list[ToolCall]], Mapping[str, Any]]
"""Puts words and calls into the keys of a door."""


def routes(generation: Generation) -> list[Route]:
    """Return the routes."""
    route = partial(Route, scope=Scope.CHAT, render=render, most=_BODY)

    async def chat(request: web.Request, body: ChatBody) -> web.StreamResponse:
        """Go on with a conversation."""
        body.check()
        if not body.messages:
            return await _load(request, generation, body, _as_message)
        return await _answer(request, generation, body, chat_request(body), _as_message)

    async def generate(request: web.Request, body: GenerateBody) -> web.StreamResponse:
        """Answer a prompt."""
        body.check()
        if not body.prompt and not body.images:
            return await _load(request, generation, body, _as_response)
        return await _answer(request, generation, body, generate_request(body), _as_response)

    return [
        route("POST", "/api/chat", chat, takes=ChatBody, gives=JsonObject, media=(LINES,)),
        route("POST", "/api/generate", generate, takes=GenerateBody, gives=JsonObject, media=(LINES,)),
    ]


def _as_message(text: str, calls: list[ToolCall]) -> Mapping[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [{"function": {"name": call.name, "arguments": call.arguments}} for call in calls]
    return {"message": message}


def _as_response(text: str, calls: list[ToolCall]) -> Mapping[str, Any]:
    return {"response": text}


async def _load(request: web.Request, generation: Generation, body: Body, shape: Shape) -> web.Response:
    """Load the model, or unload it where it is not to stay, which is not for every key that may use it.

    Raises Problem, UnknownModel, EngineUnavailable, EngineBusy.
    """
    gone = at_once(body.keep_alive)
    about(request, body.model)
    if gone:
        needs(request, Scope.MODELS)
    model = _found(generation, body.model)
    await (generation.pool.unload(model) if gone else generation.pool.load(model))
    reason = "unload" if gone else "load"
    said = {"model": body.model, "created_at": moment(), **shape("", []), "done": True, "done_reason": reason}
    return web.json_response(said)


def _found(generation: Generation, name: str) -> str:
    """Return the model of a name, be it one that writes or one that embeds; raises UnknownModel."""
    with suppress(UnknownModel):
        return generation.names.find(name, Kind.CHAT).model
    return generation.names.find(name, Kind.EMBED).model


async def _answer(
    request: web.Request, generation: Generation, body: Body, asked: ChatRequest, shape: Shape
) -> web.StreamResponse:
    pieces = _pieces(request, generation, body, asked, shape)
    if body.stream is not False:
        return await stream(request, LINES, _told(pieces))
    said, calls, last, tokens = "", list[ToolCall](), dict[str, Any](), list[Any]()
    async with aclosing(pieces):
        async for text, call, told in pieces:
            said += text
            calls += [call] if call else []
            tokens += told.get("logprobs", ())
            last = told
    return json_answer({**last, **shape(said, calls), **({"logprobs": tokens} if tokens else {})})


Piece = tuple[str, ToolCall | None, dict[str, Any]]
"""Words or a call, and the line that tells them."""


async def _pieces(
    request: web.Request, generation: Generation, body: Body, asked: ChatRequest, shape: Shape
) -> AsyncGenerator[Piece, None]:
    cut = bool(body.options and body.options.num_predict)
    named = generation.named(body.model, asked)
    watch, last = Stopwatch(), dict[str, Any]()
    await generation.open(named)
    watch.loaded()
    async with aclosing(generation.reply(named, named.filled(asked, cut=cut))) as deltas:
        async for delta in deltas:
            watch.wrote()
            head = {"model": body.model, "created_at": moment()}
            match delta:
                case TextDelta(text, tokens):
                    yield text, None, {**head, **shape(text, []), "done": False, **_likely(tokens)}
                case ToolCall():
                    yield "", delta, {**head, **shape("", [delta]), "done": False}
                case Done(reason, usage):
                    counts = {"prompt_eval_count": usage.prompt_tokens, "eval_count": usage.completion_tokens}
                    end = {"done": True, "done_reason": "length" if reason == "length" else "stop"}
                    last = {**head, **shape("", []), **end, **watch.spans(), **counts}
    await leave(request, generation.pool, named, body.keep_alive)
    yield "", None, last


def _likely(tokens: Sequence[WrittenToken]) -> Mapping[str, Any]:
    """Return the key that tells how likely tokens were, if anything is told of them."""
    told = [likely(written.token) | {"top_logprobs": [likely(one) for one in written.top]} for written in tokens]
    return {"logprobs": told} if told else {}


async def _told(pieces: AsyncGenerator[Piece, None]) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a reply; what fails once it has begun is told in a line of its own."""
    begun = False
    try:
        async with aclosing(pieces):
            async for _, _, said in pieces:
                yield line(**said)
                begun = True
    except AssistantError as error:
        if not begun:
            raise
        yield line(error=fault(error))
