"""The chat engine of whatever model is loaded."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiohttp import ClientResponse

from assistant import (
    BoundedAnswer,
    ChatDelta,
    ChatRequest,
    Done,
    EngineError,
    EngineTimeout,
    ProviderFaults,
    TextDelta,
    Thoughts,
    UnfitRequest,
    retried,
)
from assistant_kobold.body import generate_body
from assistant_kobold.client import Client
from assistant_kobold.family import Family
from assistant_kobold.listing import Facts, facts_of
from assistant_kobold.options import options_of
from assistant_kobold.reply import Written, event, whole
from assistant_kobold.stops import Stops
from assistant_kobold.template import begun, format_of, prompt_of

__all__ = ["KoboldChat"]

_FRESH = 60.0
"""Seconds for which it is believed that the server still has the same model loaded."""
_SOME = 262_144
"""Bytes that a reply may have whatever its length."""
_EACH = 1024
"""Bytes that a token may take beside."""
_SPARE = 64
"""Pieces beyond twice the tokens that were asked for after which a server is taken to know no end."""


class KoboldChat:
    """Write replies with the model of a server that goes on with text."""

    def __init__(self, client: Client, family: Family, model: str) -> None:
        self._client, self._family, self._model = client, family, model
        self._faults = ProviderFaults(client.provider, model)
        parameters = client.provider.config.parameters
        self._streams = bool(family.stream) and parameters.streaming_support is not False
        self._path = parameters.chat_endpoint or (family.stream if self._streams else family.generate)
        self._facts: Facts | None = None
        self._known = 0.0

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the reply as it is written; raises EngineError. Closing the generator has the server stop."""
        await self._client.parted()
        key = uuid.uuid4().hex
        body, stops = await self._body(request)
        if self._family.abort:
            body["genkey"] = key
        response: ClientResponse | None = None
        over = False
        try:
            response = await retried(self._client.provider, lambda: self._client.send(self._path, body, self._model))
            answer = self._client.read(response, _SOME + _EACH * request.max_tokens)
            async with aclosing(self._told(answer, Stops(stops), request.max_tokens)) as told:
                async for delta, done in told:
                    over = done
                    yield delta
        except EngineError as error:
            self._facts = None  # it may have another model by now
            over = response is None and not isinstance(error, EngineTimeout)  # it was refused: there is nothing to stop
            raise
        finally:
            if response is not None:
                response.close()
            if not over and self._family.abort:
                self._client.part(self._client.ask(self._family.abort, {"genkey": key}))

    async def _told(
        self, answer: BoundedAnswer, text: Stops, most: int
    ) -> AsyncGenerator[tuple[ChatDelta, bool], None]:
        """Yield the deltas of an answer, and with each whether the server is done; raises EngineError."""
        left = 2 * most + _SPARE
        thoughts = Thoughts()
        async with aclosing(self._pieces(answer)) as pieces:
            async for piece in pieces:
                if piece.text:
                    answer.progress()
                    left -= 1
                done = piece.reason is not None
                words = text.push(piece.text, final=done)
                if words := thoughts.push(words, final=done or text.met):
                    yield TextDelta(words), done
                if reason := "stop" if text.met else piece.reason or ("length" if left < 0 else None):
                    yield Done(reason, piece.usage), done
                    return
        raise self._faults.broke_off()

    async def warm(self, request: ChatRequest) -> None:
        """Ask which model is loaded: of what is to be said the server learns nothing. Raises EngineError."""
        await self._now()

    async def _now(self) -> Facts:
        """Return what is loaded; it is asked anew when a while has passed."""
        now = asyncio.get_running_loop().time()
        if self._facts is None or now > self._known + _FRESH:
            self._facts, self._known = await facts_of(self._client, self._family, self._model), now
        return self._facts

    async def _body(self, request: ChatRequest) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return what the server is asked, and the texts that end the reply."""
        facts, options = await self._now(), options_of(self._client.provider)
        form = format_of(options, facts.template, facts.name)
        prompt = prompt_of(request.messages, form, begun(options, facts.template))
        stops = (*request.stop, *form.stops)
        grammar = request.grammar or ""
        if request.schema is not None:
            grammar = await self._grammar(dict(request.schema))
        body = generate_body(self._family, self._client.provider, request, prompt, stops, grammar)
        await self._fit(prompt, body["max_length"], facts)
        return body, stops

    async def _grammar(self, schema: dict[str, Any]) -> str:
        """Return a JSON schema as a grammar, which the server makes."""
        path = self._family.grammar
        told = await self._client.ask(path, {"schema": schema}) if path else None
        made = told.get("result") if isinstance(told, dict) else None
        if not (isinstance(made, str) and made):
            raise UnfitRequest(
                f"{self._client.provider} makes no grammar of the JSON schema", hint="KoboldCpp does since 1.90"
            )
        return made

    async def _fit(self, prompt: str, length: int, facts: Facts) -> None:
        """Raise UnfitRequest where a conversation is too long: the server would leave out its beginning, unasked.

        A token has a byte at least, so a short prompt need not be counted.
        """
        room = facts.context
        if not room or not self._family.count or len(prompt.encode()) + length < room:
            return
        counted = await self._client.ask(self._family.count, {"prompt": prompt})
        tokens = counted.get("value") if isinstance(counted, dict) else None
        if isinstance(tokens, int) and tokens + length > room:
            raise UnfitRequest(
                f"{self._client.provider}: the conversation has {tokens} tokens, and the reply may have {length}: "
                f"{facts.name} holds {room}",
                hint="start KoboldCpp with a larger --contextsize",
            )

    async def _pieces(self, answer: BoundedAnswer) -> AsyncGenerator[Written, None]:
        """Yield the pieces of a reply, whether the server streams or not; raises EngineError for what is no reply."""
        if answer.type == "application/json":
            yield whole(await answer.whole(), self._faults)
        elif answer.type == "text/event-stream":
            async with aclosing(answer.events()) as events:
                async for data in events:
                    yield event(data, self._faults)
        else:
            raise answer.strange()
