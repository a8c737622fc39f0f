"""A type of provider, tried with a server that answers as its source has it."""

import struct
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from assistant_openai_bridge import assistant_providers

from assistant import (
    ChatDelta,
    ChatMessage,
    ChatRequest,
    EngineError,
    ProvidedModel,
    Provider,
    ProviderConfig,
    TextDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from assistant.testing import check_chat

__all__ = ["HELLO", "LONG", "LOOK", "Trial", "chunk", "sse", "trial", "wav"]

SPECS = {spec.type: spec for spec in assistant_providers()}
HELLO = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)
LOOK = ToolSpec("look", "Look", {"type": "object"})
LONG = ChatRequest(
    (
        ChatMessage.of("system", "Be brief."),
        ChatMessage.of("user", "Who is there?"),
        ChatMessage("assistant", (ToolCall("c1", "look", {}),)),
        ChatMessage("tool", (ToolResult("c1", "a cat"),)),
        ChatMessage.of("system", "It is noon."),
        ChatMessage.of("user", "And now?"),
    )
)
"""A conversation in which another model called a tool."""


class Trial:
    """A server of a type, as the owner would have configured it."""

    def __init__(self, type_: str, endpoint: str, section: dict[str, Any]) -> None:
        config = msgspec.convert({"type": type_, "endpoint": endpoint, **section}, ProviderConfig)
        self.provider = Provider("pc", config.endpoint, config)
        self.spec = SPECS[type_]

    async def recognised(self) -> str:
        """Return the first type that the server is taken for; empty for none."""
        for spec in SPECS.values():
            if await spec.recognise(self.provider):
                return spec.type
        return ""

    async def models(self) -> dict[str, ProvidedModel]:
        """Return what the server lists."""
        return {model.name: model for model in await self.spec.models(self.provider)}

    @asynccontextmanager
    async def engine(self, model: str) -> AsyncGenerator[Any, None]:
        """Open the engine of a model."""
        async with self.spec.open(self.provider, self.spec.describe(self.provider, model)) as engine:
            yield engine

    async def reply(self, request: ChatRequest = HELLO, model: str = "small") -> Sequence[ChatDelta]:
        """Return a reply whole."""
        async with self.engine(model) as chat, aclosing(chat.reply(request)) as reply:
            return [delta async for delta in reply]

    async def text(self, request: ChatRequest = HELLO, model: str = "small") -> str:
        """Return the text of a reply."""
        return "".join(delta.text for delta in await self.reply(request, model) if isinstance(delta, TextDelta))

    async def check(self, model: str = "small") -> str:
        """Return the text of a reply of an engine that keeps the contract."""
        async with self.engine(model) as chat:
            return await check_chat(chat, HELLO)

    async def failure(self, request: ChatRequest = HELLO, model: str = "small") -> EngineError:
        """Return what comes of a reply that fails, which says where, and what to do."""
        with pytest.raises(EngineError, match="provider pc") as caught:
            await self.reply(request, model)
        assert caught.value.hint
        return caught.value

    async def load(self, model: str) -> None:
        """Have a model loaded."""
        assert self.spec.load is not None
        await self.spec.load(self.provider, model)

    async def unload(self, model: str) -> None:
        """Have a model unloaded."""
        assert self.spec.unload is not None
        await self.spec.unload(self.provider, model)

    async def loaded(self) -> frozenset[str]:
        """Return what is in the server's memory."""
        assert self.spec.loaded is not None
        return await self.spec.loaded(self.provider)


@asynccontextmanager
async def trial(type_: str, app: web.Application, **section: Any) -> AsyncGenerator[Trial, None]:
    """Run a server, and yield the type that is tried with it."""
    async with TestServer(app) as server:
        assert server.port is not None
        yield Trial(type_, f"http://127.0.0.1:{server.port}/v1", section)


def sse(*pieces: Any, end: str = "\n\n", done: bool = True) -> web.Response:
    """Return a stream of events: JSON of what is none yet, and lines as they are."""
    lines = [piece if isinstance(piece, str) else "data: " + msgspec.json.encode(piece).decode() for piece in pieces]
    text = "".join(line + end for line in [*lines, *(["data: [DONE]"] if done else [])])
    return web.Response(text=text, content_type="text/event-stream")


def chunk(model: str, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """Return a piece of a reply."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}


def wav(tag: int = 1, channels: int = 1, rate: int = 24_000, bits: int = 16, size: int = 0xFFFFFFFF) -> bytes:
    """Return the header of a WAV, with a chunk before its sound that tells nothing."""
    frame = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate, rate * frame, frame, bits)
    return b"RIFF\xff\xff\xff\xffWAVE" + b"LIST\x03\x00\x00\x00abc\x00" + form + struct.pack("<4sI", b"data", size)
