"""What the door for programs adds to the work of an engine: to a request, and to each token of a stream.

Claims: a request to `/v1/chat/completions` takes at most 1 ms (p50) from the first byte sent to the last received, all
checks included, where the engine repeats four words; a token that is sent as an event takes at most 50 microseconds of
the daemon's loop. Beside it a bare aiohttp handler that decodes the same body and answers as many bytes.

The door runs in a process of its own; what asks is a socket, so that no client's work is counted.
"""

import asyncio
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import web

from assistant import Capabilities, ChatDelta, ChatRequest, Done, Kind, TextDelta
from assistant.config import HttpConfig
from assistant.engines import EngineConfig
from assistant.events import EventBus
from assistant.http import openai
from assistant.http.app import make_app, serve
from assistant.models.pool import Model, Pool
from assistant.serving import Embedding, Generation, Hearing, Names, Sounds, Speaking
from assistant.testing import fake_spec

KEY = "the key of the benchmark"
REQUESTS, TOKENS, ROUNDS = 1000, 20_000, 5
QUESTION = {"model": "echo", "messages": [{"role": "user", "content": "one two three four"}]}


class Echo:
    """Repeats the words, or as many as are asked for where one is `count`."""

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield a word at a time."""
        words = request.messages[-1].text.split(" ")
        for word in ["word"] * request.max_tokens if words == ["count"] else words:
            yield TextDelta(f"{word} ")
        yield Done("stop")

    async def warm(self, request: ChatRequest) -> None:
        """Do nothing."""


async def bare(request: web.Request) -> web.Response:
    """Do the least that an answer takes."""
    asked = json.loads(await request.read())
    content = {"content": asked["messages"][0]["content"], "padding": "x" * 280}
    return web.json_response(content)


async def door(out: Connection) -> None:
    """Serve both until killed, and tell where."""
    pool = Pool({"echo": Model("echo", fake_spec("echo", Kind.CHAT, Echo()), EngineConfig(), Capabilities())}, _same)
    names = Names(pool.status, {})
    sounds = Sounds(pool, 60.0)
    ears = openai.Ears(Hearing(pool, names, sounds, 16, 120.0), {})
    mouth = openai.Mouth(Speaking(pool, names, sounds, 16, 120.0), {})
    embedding, eyes = Embedding(pool, names, 16), openai.Eyes()
    routes = openai.routes(Generation(pool, names, 16, 120.0), embedding, ears, eyes, mouth)
    config = HttpConfig(port=0, key=KEY)
    plain = web.Application()
    plain.router.add_post("/", bare)
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(serve(make_app(config, EventBus(), dict, {}, routes), config))
        theirs = await stack.enter_async_context(serve(plain, config))
        out.send((ours, theirs))
        await asyncio.Event().wait()


def _same(config: EngineConfig) -> EngineConfig:
    return config


def run(out: Connection) -> None:
    """Run the door in this process."""
    asyncio.run(door(out))


def request(path: str, body: Mapping[str, object]) -> bytes:
    """Return the bytes of a request."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


async def asked(port: int, sent: bytes) -> float:
    """Return the median of how long a request takes on one connection, in ms."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))
        took.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return 1000 * statistics.median(took)


def busy(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def streamed(port: int, pid: int) -> float:
    """Return what the door's process computes for a token of a stream, in microseconds."""
    count: dict[str, object] = {
        "messages": [{"role": "user", "content": "count"}],
        "max_tokens": TOKENS,
        "stream": True,
    }
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    before = busy(pid)
    writer.write(request("/v1/chat/completions", count))
    end = b""
    while b"data: [DONE]" not in end:
        end = end[-16:] + await reader.read(1 << 16)
    took = busy(pid) - before
    writer.close()
    await writer.wait_closed()
    return 1e6 * took / TOKENS


async def main() -> None:
    """Measure both in turn, several times."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=run, args=(there,), daemon=True)
    process.start()
    try:
        ours, theirs = await asyncio.to_thread(here.recv)
        assert process.pid
        question = request("/v1/chat/completions", QUESTION)
        rounds = [(await asked(theirs, request("/", QUESTION)), await asked(ours, question)) for _ in range(ROUNDS)]
        least, full = (min(column) for column in zip(*rounds, strict=True))
        print(
            f"request   {full:.2f} ms (p50 of {REQUESTS}, best of {ROUNDS}; claim: at most 1), bare aiohttp {least:.2f}"
        )
        token = min([await streamed(ours, process.pid) for _ in range(ROUNDS)])
        print(f"token     {token:.0f} us of the loop (best of {ROUNDS}; claim: at most 50)")
    finally:
        process.kill()
        process.join()


if __name__ == "__main__":
    asyncio.run(main())
