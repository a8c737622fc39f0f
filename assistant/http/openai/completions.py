"""`/v1/completions`: what programs of the first years ask. The prompt is put to the model as a message."""

import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from assistant.access import Scope
from assistant.chat import ChatMessage, ChatRequest, Done, TextDelta, Usage
from assistant.http.naming import model_of
from assistant.http.openai import events
from assistant.http.openai.chat_answer import Tokens, tokens
from assistant.http.openai.dialect import render
from assistant.http.openai.parameters import MaxTokens, TextParameters
from assistant.http.openai.replies import Asked, reply, written
from assistant.http.route import Route, json_answer
from assistant.http.streaming import EVENTS, stream
from assistant.serving import Generation

__all__ = ["CompletionsDoor"]

_TOKENS = 16
"""Tokens after which an answer is cut where the request does not say: so few has always been its rule."""

Prompt = Annotated[str, Meta(min_length=1)]


class CompletionBody(TextParameters, frozen=True, kw_only=True):
    """A prompt, and how the answer to it is to be written."""

    prompt: Prompt | Annotated[list[Prompt], Meta(min_length=1, max_length=1)]
    max_tokens: MaxTokens | None = None
    n: Annotated[int, Meta(ge=1, le=1)] | None = None
    best_of: Annotated[int, Meta(ge=0, le=1)] | None = None
    logprobs: None = None
    suffix: None = None
    echo: Literal[False] | None = None

    def request(self) -> ChatRequest:
        """Return what an engine is asked."""
        prompt = self.prompt if isinstance(self.prompt, str) else self.prompt[0]
        return ChatRequest(
            (ChatMessage.of("user", prompt),),
            sampling=self.sampling(),
            max_tokens=self.max_tokens or _TOKENS,
            stop=self.stops(),
        )


class TextChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, or more of it."""

    text: str
    finish_reason: Literal["stop", "length", "tool_calls"] | None = None
    index: int = 0
    logprobs: None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, whole or in pieces."""

    id: str
    created: int
    model: str
    choices: list[TextChoice]
    usage: Tokens | UnsetType | None = UNSET
    object: Literal["text_completion"] = "text_completion"


class CompletionsDoor:
    """The door to chat models for who knows no messages."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def routes(self) -> list[Route]:
        """Return the route."""
        path = "/v1/completions"
        return [
            Route("POST", path, self._answer, Scope.CHAT, CompletionBody, Completion, render=render, media=(EVENTS,))
        ]

    async def _answer(self, request: web.Request, body: CompletionBody) -> web.StreamResponse:
        """Answer a `prompt`; with `stream` as it is written."""
        wanted = body.request()
        named = self._generation.named(model_of(request, body.model), wanted)
        asked = Asked(named, named.filled(wanted, cut=body.max_tokens is not None), one_call=False)
        empty = Completion(id=f"cmpl-{uuid.uuid4().hex}", created=int(time.time()), model=named.name, choices=[])
        if body.stream:
            pieces = events.guarded(self._events(asked, empty, body))
            return await stream(request, EVENTS, pieces)
        said = await written(reply(self._generation, asked))
        choice = TextChoice(text=said.text, finish_reason=said.end.reason)
        return json_answer(msgspec.structs.replace(empty, choices=[choice], usage=tokens([said.end.usage])))

    async def _events(self, asked: Asked, empty: Completion, body: CompletionBody) -> AsyncGenerator[bytes, None]:
        usages = list[Usage]()
        async with aclosing(reply(self._generation, asked)) as deltas:
            async for delta in deltas:
                match delta:
                    case TextDelta(text):
                        yield events.event(msgspec.structs.replace(empty, choices=[TextChoice(text=text)]))
                    case Done(reason, usage):
                        usages.append(usage)
                        end = TextChoice(text="", finish_reason=reason)
                        yield events.event(msgspec.structs.replace(empty, choices=[end]))
        if body.tells_usage:
            yield events.event(msgspec.structs.replace(empty, usage=tokens(usages)))
        yield events.DONE
