"""The chat engine of a server's model."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from assistant import BoundedAnswer, ChatDelta, ChatRequest, EngineError, TextDelta
from assistant_openai_bridge.body import chat_body
from assistant_openai_bridge.client import Client
from assistant_openai_bridge.profile import Profile
from assistant_openai_bridge.reply import Reply

__all__ = ["BridgeChat"]

_STREAMS = ("text/event-stream", "text/plain", "")
_SOME = 262_144
"""Bytes that a reply may have whatever its length."""
_EACH = 8192
"""Bytes that a token may take beside: JSON around it, and the likeliest others."""


class BridgeChat:
    """Write replies with a model of another server."""

    def __init__(self, client: Client, profile: Profile, model: str) -> None:
        self._client, self._profile, self._model = client, profile, model
        parameters = client.provider.config.parameters
        told = parameters.streaming_support
        self._streams = profile.streams if told is None else told
        self._answers = partial(profile.answers, model) if profile.answers else None
        self._path = parameters.chat_endpoint.lstrip("/") or profile.chat_endpoint

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the reply as it is written; raises EngineError. Closing the generator closes the connection."""
        provider = self._client.provider
        body = chat_body(self._profile, provider, self._model, request, self._streams)
        most = _SOME + _EACH * request.max_tokens
        last = request.messages[-1]
        begun = last.text if self._profile.echoes and last.role == "assistant" else ""
        reply = Reply(provider, request, self._answers, begun)
        complete = False
        async with (
            self._client.post(self._path, body, model=self._model, most=most) as answer,
            aclosing(_pieces(answer)) as pieces,
        ):
            try:
                async for piece in pieces:
                    if complete := piece == b"[DONE]":
                        break
                    moved, words = reply.push(piece)
                    for delta in words:
                        yield delta
                    if moved:
                        answer.progress(finished=reply.finished)
                        if not (words or reply.finished):
                            yield TextDelta("")
                    if reply.cut:
                        break
            except EngineError:
                if not reply.finished:
                    raise  # else only what it cost is missing
        for rest in reply.end(complete):
            yield rest

    async def warm(self, request: ChatRequest) -> None:
        """Do nothing: what nobody has asked yet is nobody else's to know."""


async def _pieces(answer: BoundedAnswer) -> AsyncGenerator[bytes, None]:
    """Yield the pieces of a reply, whether the server streams or not; raises EngineError for what is no reply."""
    if answer.type == "application/json":
        yield await answer.whole()
    elif answer.type in _STREAMS:
        async with aclosing(answer.events()) as events:
            async for event in events:
                yield event
    else:
        raise answer.strange()
