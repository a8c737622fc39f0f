"""Servers of models that speak as OpenAI's does, write a known text, and fail as they are told."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from assistant.testing import ScriptedServer, page
from tests.routing.models import TEXT, said_before

__all__ = ["HEAD", "ModelServer"]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
END = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
LIST = page("200 OK", b'{"data": [{"id": "large"}]}')

Step = bytes | float | None
"""These bytes, so many seconds of nothing, or None: the connection is reset."""


def _pieces(text: str, pace: float = 0.0) -> list[Step]:
    """Return the pieces of a reply, three characters each."""
    written: list[Step] = []
    for at in range(0, len(text), 3):
        event = json.dumps({"choices": [{"delta": {"content": text[at : at + 3]}}]})
        written += [f"data: {event}\n\n".encode(), *([pace] if pace else [])]
    return written


@dataclass
class ModelServer(ScriptedServer):
    """Writes `TEXT`, or what follows what was said of it; may be killed and come back at the same place."""

    fails: Sequence[Step] | None = None
    """What it does instead of going on, once it has come to `at`; None where it does not fail."""
    at: int = 0
    """How many characters it writes before; where it is 0 it sends nothing before it fails."""
    pace: float = 0.0
    """Seconds between two pieces."""
    pauses: float = 0.0
    """Seconds for which it stalls once it has come to `at`, before it goes on; `fails` is nothing then."""
    script: object = None  # type: ignore[assignment]
    asked: int = 0
    """Replies that were asked of it."""
    _open: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = field(default_factory=dict)
    _server: asyncio.Server | None = None

    def __post_init__(self) -> None:
        self.script = self._script

    def _script(self, path: str) -> Iterator[bytes | float]:
        for step in self._steps(path):
            if step is None:
                self._reset()
            else:
                yield step

    def _reset(self) -> None:
        """Break the connection off as a program does that is killed."""
        writer = self._open[asyncio.current_task()]
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    def _steps(self, path: str) -> Sequence[Step]:
        if not path.endswith("/chat/completions"):
            return LIST
        self.asked += 1
        messages = json.loads(self.heard[-1].body)["messages"]
        said = said_before([(message["role"], message["content"]) for message in messages])
        rest = TEXT[len(said) :].lstrip()  # it begins a message of its own
        if self.fails is None:
            pause = [self.pauses] if self.pauses else []
            return [HEAD, *_pieces(rest[: self.at], self.pace), *pause, *_pieces(rest[self.at :], self.pace), END]
        return [HEAD, *_pieces(rest[: self.at], self.pace), *self.fails] if self.at else self.fails

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[asyncio.current_task()] = writer
        try:
            await super().answer(reader, writer)
        finally:
            del self._open[asyncio.current_task()]

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self._open)

    async def start(self) -> None:
        """Listen, where it listened before."""
        self._server = await asyncio.start_server(self.answer, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """Be gone at once, in the middle of whatever is written."""
        assert self._server is not None
        self._server.close()
        for writer in [*self._open.values()]:
            writer.transport.abort()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._server.wait_closed()

    @classmethod
    @asynccontextmanager
    async def running(cls, **how: object) -> AsyncGenerator["ModelServer", None]:
        """Run one until the end of the context."""
        server = cls(**how)  # type: ignore[arg-type]
        await server.start()
        try:
            yield server
        finally:
            await server.kill()
