"""`/v1/chat/completions`: a conversation goes on, in one answer or as it is written."""

import time
import uuid
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import replace

import msgspec
from aiohttp import web
from msgspec import UNSET

from assistant.access import Scope
from assistant.chat import ChatDelta, Done, TextDelta, ToolCall, Usage
from assistant.http.guard import caller
from assistant.http.naming import model_of
from assistant.http.openai import events
from assistant.http.openai.chat_answer import (
    AudioPiece,
    ChatChunk,
    ChatCompletion,
    Choice,
    ChunkChoice,
    Delta,
    call,
    logprobs,
    message,
    tokens,
)
from assistant.http.openai.chat_request import ChatBody
from assistant.http.openai.dialect import render
from assistant.http.openai.ears import Ears
from assistant.http.openai.eyes import Eyes
from assistant.http.openai.messages import pictures_in, sounds_in
from assistant.http.openai.mouth import Mouth, Saying
from assistant.http.openai.parameters import MOST
from assistant.http.openai.replies import CACHE, Asked, Written, reply, whole
from assistant.http.route import Route, json_answer
from assistant.http.streaming import EVENTS, stream
from assistant.serving import Generation

__all__ = ["ChatDoor"]

_TASK = "X-Inglenook-Task"
"""Header of a request that names its task: of several models one is preferred that is good at it."""


class ChatDoor:
    """The door to chat models."""

    def __init__(self, generation: Generation, ears: Ears, eyes: Eyes, mouth: Mouth) -> None:
        self._generation = generation
        self._ears = ears
        self._eyes = eyes
        self._mouth = mouth

    def routes(self) -> list[Route]:
        """Return the route."""
        path = "/v1/chat/completions"
        return [Route("POST", path, self._answer, Scope.CHAT, ChatBody, ChatCompletion, MOST, render, media=(EVENTS,))]

    async def _answer(self, request: web.Request, body: ChatBody) -> web.StreamResponse:
        """Go on with the conversation `messages`; with `stream` the reply is told as it is written."""
        saying = self._mouth.saying(request, body.spoken) if body.spoken else None
        name = model_of(request, body.model)
        heard = await self._ears.parts(request, name, sounds_in(body.messages))
        wanted = body.request({**heard, **await self._eyes.parts(pictures_in(body.messages))})
        named = self._generation.named(name, wanted).doing(request.headers.get(_TASK, ""))
        wanted = named.filled(wanted, cut=body.limit is not None)
        asked = Asked(named, wanted, one_call=body.parallel_tool_calls is False)
        if body.stream:
            pieces = events.guarded(self._events(asked, body, saying))
            return await stream(request, EVENTS, pieces)
        asker, keep = caller(request).name, None if saying is None else False
        replies = [await whole(self._generation, one, asker, keep) for one in _each(asked, body.n or 1)]
        answer = json_answer(await self._completion(asked, replies, saying))
        if all(said.cache for said in replies):
            answer.headers[CACHE] = max(said.cache for said in replies)  # `like` rather than `hit`
        return answer

    async def _completion(self, asked: Asked, replies: list[Written], saying: Saying | None) -> ChatCompletion:
        sounds = [await saying.whole(said.text) if saying and said.text else None for said in replies]
        return ChatCompletion(
            id=_id(),
            created=int(time.time()),
            model=asked.named.name,
            choices=[
                Choice(
                    index=index,
                    message=message(said, sound),
                    logprobs=logprobs(said.logprobs),
                    finish_reason=said.end.reason,
                )
                for index, (said, sound) in enumerate(zip(replies, sounds, strict=True))
            ],
            usage=tokens([said.end.usage for said in replies]),
        )

    async def _events(self, asked: Asked, body: ChatBody, saying: Saying | None) -> AsyncGenerator[bytes, None]:
        chunk = ChatChunk(
            id=_id(),
            created=int(time.time()),
            model=asked.named.name,
            choices=[],
            usage=None if body.tells_usage else UNSET,
        )
        usages = list[Usage]()

        def told(choices: Iterable[ChunkChoice]) -> bytes:
            return b"".join(events.event(msgspec.structs.replace(chunk, choices=[choice])) for choice in choices)

        for index, one in enumerate(_each(asked, body.n or 1)):
            teller, end = _Teller(index, spoken=saying is not None), Done("stop")
            async with aclosing(reply(self._generation, one)) as deltas:
                async for delta in deltas:
                    if isinstance(delta, Done):
                        end = delta
                    else:
                        yield told(teller.take(delta))
            usages.append(end.usage)
            if saying and teller.words:  # the voice speaks once the model is free for others
                async with aclosing(saying.pieces(teller.words)) as pieces:
                    async for piece in pieces:
                        yield told([ChunkChoice(index=index, delta=Delta(audio=piece))])
            yield told(teller.take(end))
        if body.tells_usage:
            yield events.event(msgspec.structs.replace(chunk, usage=tokens(usages)))
        yield events.DONE


class _Teller:
    """Tell one of the replies in pieces."""

    def __init__(self, index: int, *, spoken: bool) -> None:
        self.words = ""
        """What was written so far, where it is to be spoken."""
        self._index = index
        self._spoken = spoken
        self._begun = False
        self._calls = 0

    def take(self, delta: ChatDelta) -> Iterator[ChunkChoice]:
        """Yield what comes of one delta; the first piece says who speaks."""
        if not self._begun:
            self._begun = True
            yield ChunkChoice(index=self._index, delta=Delta(role="assistant", content=""))
        match delta:
            case TextDelta(text) if self._spoken:
                self.words += text
                yield ChunkChoice(index=self._index, delta=Delta(audio=AudioPiece(transcript=text)))
            case TextDelta(text, told):
                yield ChunkChoice(index=self._index, delta=Delta(content=text), logprobs=logprobs(told))
            case ToolCall():
                yield ChunkChoice(index=self._index, delta=Delta(tool_calls=[call(delta, self._calls)]))
                self._calls += 1
            case Done(reason):
                yield ChunkChoice(index=self._index, delta=Delta(), finish_reason=reason)


def _each(asked: Asked, n: int) -> Iterator[Asked]:
    """Yield the requests for *n* replies, which differ although one seed was given."""
    for index in range(n):
        sampling = asked.request.sampling
        seed = None if sampling.seed is None else sampling.seed + index
        yield replace(asked, request=replace(asked.request, sampling=replace(sampling, seed=seed)))


def _id() -> str:
    return f"chatcmpl-{uuid.uuid4().hex}"
