"""What the bridge to other servers adds to OpenAI's own library, which asks the same server beside it.

Claims: the first word of a reply comes at most 3 ms later than by the library, and each takes at most 30 microseconds
more. The server is a socket that plays prepared bytes.
"""

import asyncio
import statistics
import time
from contextlib import aclosing

import msgspec
from assistant_openai_bridge import assistant_providers
from openai import AsyncOpenAI

from assistant import Chat, ChatMessage, ChatRequest, Provider, ProviderConfig
from assistant.testing import scripted_server

TOKENS, ROUNDS = 2000, 7
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
Times = tuple[float, float]
"""Seconds to the first word, and from it to each of the others."""


def piece(delta: dict[str, str], finish: str | None = None) -> bytes:
    """Return a piece of a reply, as servers send it."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


async def by_the_bridge(chat: Chat) -> Times:
    """Ask through the bridge."""
    request = ChatRequest((ChatMessage.of("user", "Count."),), max_tokens=TOKENS)
    start = time.perf_counter()
    async with aclosing(chat.reply(request)) as reply:
        await anext(reply)
        first = time.perf_counter()
        async for _ in reply:
            pass
    return first - start, (time.perf_counter() - first) / TOKENS


async def by_the_library(library: AsyncOpenAI) -> Times:
    """Ask through OpenAI's library."""
    start = time.perf_counter()
    stream = await library.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Count."}], stream=True, max_tokens=TOKENS
    )
    await anext(stream)
    first = time.perf_counter()
    async for _ in stream:
        pass
    return first - start, (time.perf_counter() - first) / TOKENS


async def main() -> None:
    """Ask both in turn and print the medians."""
    [spec] = [spec for spec in assistant_providers() if spec.type == "openai"]
    script = [HEAD, *[piece({"content": "word "})] * TOKENS, piece({}, "stop") + b"data: [DONE]\n\n"]
    async with scripted_server(script) as server:
        provider = Provider("pc", f"http://127.0.0.1:{server.port}/v1", ProviderConfig(type="openai"))
        engine = spec.open(provider, spec.describe(provider, "m"))
        async with engine as chat, AsyncOpenAI(api_key="x", base_url=provider.endpoint) as library:
            await by_the_bridge(chat), await by_the_library(library)
            rounds = [(await by_the_bridge(chat), await by_the_library(library)) for _ in range(ROUNDS)]
    ours, theirs = (
        [statistics.median(times) for times in zip(*side, strict=True)] for side in zip(*rounds, strict=True)
    )
    for name, scale, at in (("first word, ms", 1e3, 0), ("each token, µs", 1e6, 1)):
        print(f"{name}: bridge {ours[at] * scale:.2f}, library {theirs[at] * scale:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
