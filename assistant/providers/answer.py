"""What another server answers, as it comes: its size, each line of it and the time between are bounded."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from typing import Any

import msgspec

from assistant.errors import EngineError
from assistant.providers.faults import ProviderFaults

__all__ = ["BoundedAnswer"]

_LINE = 1_048_576
"""Bytes of one line of a stream."""
_AFTERWARDS = 2.0
"""Seconds that a server has for what follows the end of a reply: what it cost."""


class BoundedAnswer:
    """An answer whose bytes some library brings."""

    def __init__(
        self,
        faults: ProviderFaults,
        chunks: AsyncGenerator[bytes, None],
        *,
        type: str,  # noqa: A002
        encoding: str,
        most: int,
        classified: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Take the *chunks* of an answer and its headers `Content-Type` and `Content-Encoding`.

        At most *most* bytes are read. What the library raises is raised within *classified*, which makes it an
        EngineError.
        """
        self._faults = faults
        self._raw = chunks
        self._most = most
        self._classified = classified
        self._packed = encoding not in ("", "identity")
        self._patience = faults.provider.config.parameters.timeout
        self._deadline = 0.0
        self.type = type.partition(";")[0].strip().lower()
        """What the answer is, without parameters: `text/event-stream`."""
        self.progress()

    def progress(self, *, finished: bool = False) -> None:
        """Wait anew for the next piece: the reply has come further, or all that matters is there."""
        patience = min(_AFTERWARDS, self._patience) if finished else self._patience
        self._deadline = asyncio.get_running_loop().time() + patience

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Yield the data of each event of a stream of server-sent events; raises as `lines` does."""
        async with aclosing(self.lines()) as lines:
            async for line in lines:
                if line.startswith(b"data:") and (data := line[5:].strip()):
                    yield data

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Yield each line that is not empty; raises EngineError for one without end, EngineTimeout for silence."""
        held = bytearray()  # grows in place: a line of a megabyte may come byte by byte
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                *lines, rest = chunk.replace(b"\r", b"\n").split(b"\n")
                if lines:
                    lines[0] = bytes(held) + lines[0]
                    held.clear()
                for line in filter(None, lines):
                    yield line
                held += rest
                if len(held) > _LINE:
                    raise self._faults.too_much(_LINE)
        if held:
            yield bytes(held)

    async def whole(self) -> bytes:
        """Return the bytes of the whole answer; raises EngineError where it is too large."""
        async with aclosing(self.chunks()) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def json(self) -> Any:
        """Return what the whole answer says, None for an empty one; raises EngineError, too, where it is no JSON."""
        data = await self.whole()
        try:
            return msgspec.json.decode(data) if data else None
        except (msgspec.MsgspecError, RecursionError):
            raise self.strange() from None

    def strange(self) -> EngineError:
        """Return the error of an answer of another kind than was asked for."""
        return self._faults.strange(self.type or "something")

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes as they come; raises EngineError for too many, EngineTimeout for silence."""
        if self._packed:
            raise self._faults.packed()
        size = 0
        async with aclosing(self._raw) as raw:
            while (chunk := await self._next(raw)) is not None:
                if (size := size + len(chunk)) > self._most:
                    raise self._faults.too_much(self._most)
                yield chunk

    async def _next(self, raw: AsyncGenerator[bytes, None]) -> bytes | None:
        with self._classified():
            async with asyncio.timeout_at(self._deadline):
                return await anext(raw, None)
