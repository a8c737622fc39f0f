"""The chat engine of a model."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from ollama import ChatResponse

from assistant import ChatDelta, ChatRequest, ProviderFaults, UnfitRequest, retried
from assistant_ollama.body import chat_arguments
from assistant_ollama.client import Client, classified
from assistant_ollama.options import options_of
from assistant_ollama.reply import Reply

__all__ = ["OllamaChat"]

Parts = AsyncGenerator[ChatResponse, None]


class OllamaChat:
    """Write replies with a model of Ollama."""

    def __init__(self, client: Client, model: str, local: bool) -> None:
        """Take a *model*, which counts as *local*: this is made sure of before it is told anything."""
        self._client, self._model = client, model
        self._sure = not local
        self._faults = ProviderFaults(client.provider, model)
        told = client.provider.config.parameters.streaming_support
        self._streams = told is not False
        self._thinks = True

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the reply as it is written; raises EngineError. Closing the generator closes the connection."""
        asked = chat_arguments(self._client.provider, self._model, request, self._streams)
        reply = Reply(self._faults, request)
        first, parts = await self._begun(asked)
        async with aclosing(parts):
            piece: ChatResponse | None = first
            deadline = self._deadline()
            while piece is not None:
                moved, words = reply.push(piece)
                for delta in words:
                    yield delta
                if reply.finished:
                    break
                deadline = self._deadline() if moved else deadline
                piece = await self._next(parts, deadline)
        for last in reply.end():
            yield last

    async def warm(self, request: ChatRequest) -> None:
        """Have the server load the model where the owner wants that; of what is to be said it learns nothing."""
        options = options_of(self._client.provider)
        if options.preload:
            drawn = options.parameters | ({"num_ctx": options.context} if options.context else {})  # or it loads twice
            async with self._client.asked(self._model) as sdk:
                await sdk.chat(self._model, [], options=drawn, keep_alive=options.keep_alive or None)

    async def _begun(self, asked: dict[str, Any]) -> tuple[ChatResponse | None, Parts]:
        """Send a request and return the first piece of the answer, and the others."""
        try:
            return await retried(self._client.provider, lambda: self._sent(asked))
        except UnfitRequest as error:
            if not (self._thinks and asked["think"] and "does not support thinking" in str(error)):
                raise
        self._thinks = False
        return await self._sent(asked)

    async def _sent(self, asked: dict[str, Any]) -> tuple[ChatResponse | None, Parts]:
        if not self._sure:
            await self._client.make_sure(self._model)
            self._sure = True
        parts = self._parts(asked if self._thinks else {**asked, "think": None})
        try:
            return await self._next(parts, self._deadline()), parts
        except BaseException:
            await parts.aclose()
            raise

    async def _parts(self, asked: dict[str, Any]) -> Parts:
        """Yield the pieces of a reply, whether the server streams or not."""
        answer = await self._client.sdk.chat(**asked)
        if isinstance(answer, ChatResponse):
            yield answer
            return
        async with aclosing(answer):
            async for part in answer:
                yield part

    async def _next(self, parts: Parts, deadline: float) -> ChatResponse | None:
        with classified(self._faults):
            async with asyncio.timeout_at(deadline):
                return await anext(parts, None)

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._client.provider.config.parameters.timeout
