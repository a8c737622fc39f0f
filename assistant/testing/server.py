"""A server that answers with the very bytes of a script, for tests of what a client makes of them."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Script", "ScriptedServer", "Step", "page", "scripted_server"]

Step = bytes | float
"""These bytes, or so many seconds of nothing."""
Script = Sequence[Step]
"""An answer."""


def page(status: str, body: bytes = b"", type_: str = "application/json", *headers: str) -> list[Step]:
    """Return the script of a whole answer over HTTP, after which the connection is closed."""
    told = [f"Content-Type: {type_}", f"Content-Length: {len(body)}", "Connection: close"]
    lines = [f"HTTP/1.1 {status}", *told, *headers, "", ""]
    return ["\r\n".join(lines).encode() + body]


@dataclass(frozen=True, slots=True)
class Heard:
    """A request that came."""

    path: str
    """What was asked for."""
    headers: dict[str, str]
    """Its headers, names in lower case."""
    body: bytes
    """What was sent."""


@dataclass
class ScriptedServer:
    """The server, as it runs on this machine. It closes each connection after one answer."""

    script: Callable[[str], Script]
    """What is answered to a path."""
    port: int = 0
    """Where it is."""
    heard: list[Heard] = field(default_factory=list)
    """What was asked."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether a client closed a connection before the answer was over."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, and play the script."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.heard.append(Heard(path := head[0].split()[1], headers, body))
            for step in self.script(path):
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                elif await self._leaves(reader, step):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()
        finally:
            writer.close()

    async def _leaves(self, reader: asyncio.StreamReader, seconds: float) -> bool:
        """Do nothing for a while; return whether the other side closed the connection meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await reader.read()
        except TimeoutError:
            return False
        self.left.set()
        return True


@asynccontextmanager
async def scripted_server(
    script: Sequence[Step] | Callable[[str], Sequence[Step]], *, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[ScriptedServer, None]:
    """Run a server that answers so, whatever it is asked, or by the path; by TLS where it has a certificate."""
    running = ScriptedServer(script if callable(script) else lambda path: script)
    server = await asyncio.start_server(running.answer, "127.0.0.1", 0, ssl=tls)
    running.port = server.sockets[0].getsockname()[1]
    async with server:
        yield running
