"""Lower what other programs play while somebody is served, on PulseAudio or PipeWire, by `pactl`.

What is lowered is written down first, so that a daemon that was killed puts it right when it starts again. Streams are
known by their process: a player that begins another piece meanwhile begins it at the lowered volume, for the server
remembers volumes by program.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from assistant.streams import heed_cancellation

__all__ = ["Ducking"]

log = logging.getLogger(__name__)

_PATIENCE = 2.0
"""Seconds that the sound server may take to answer."""
_LINGER = 0.5
"""Seconds after which the others are as loud as before, unless somebody is served again."""


class _Stream(msgspec.Struct, frozen=True):
    """What one program plays on one connection."""

    index: int
    """The server's number for it, which it may give again once the stream has ended."""
    sink: int
    """The server's number for the output that it plays on."""
    process: str
    """Number of the program's process; empty where it does not say."""
    volume: tuple[int, ...]
    """Of each channel, 65536 for 100 percent."""


class _Lowered(msgspec.Struct, frozen=True):
    """A stream that was lowered."""

    before: _Stream
    """How it was."""
    volume: tuple[int, ...]
    """What its volume was set to."""

    def meant(self, stream: _Stream) -> bool:
        """Tell whether *stream* is this one, or its successor, and nobody has changed its volume since."""
        same = stream.process == self.before.process and (stream.process or stream.index == self.before.index)
        return bool(same) and stream.volume == self.volume


class Ducking:
    """The other programs of this machine, and whether they are lowered."""

    def __init__(self, journal: Path | None = None) -> None:
        """Take the file in which it is written down what is lowered; without one, nothing is."""
        self._journal = journal
        self._served = 0
        self._lowered: tuple[_Lowered, ...] = ()
        self._work: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def lowered(self, share: float) -> AsyncGenerator[None, None]:
        """Lower the others to *share* of their volume, 0 to 1, while the context is open. Waits for nothing."""
        if self._journal is None or share >= 1.0 or shutil.which("pactl") is None:
            yield
            return
        self._served += 1
        if self._served == 1:
            self._then(partial(self._lower, share))
        try:
            yield
        finally:
            self._served -= 1
            if not self._served:
                self._then(self._raise_soon)

    async def restore(self) -> None:
        """Put right what a daemon that was killed has left lowered."""
        self._lowered = await asyncio.to_thread(self._read)
        await self._raise()

    async def close(self) -> None:
        """Put everything right before the end."""
        await self._stop()
        await self._raise()

    def _then(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do *work* once what is under way has ended or is cancelled."""
        before = self._work

        async def follow() -> None:
            if before is not None:
                before.cancel()
                await asyncio.wait({before})
            try:
                await work()
            except (OSError, ValueError, TimeoutError, msgspec.MsgspecError) as error:
                heed_cancellation(error)
                log.debug("other programs are left as loud as they are: %s", error)

        self._work = asyncio.create_task(follow(), name="ducking")

    async def _stop(self) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait({self._work})
            self._work = None

    async def _lower(self, share: float) -> None:
        if self._lowered:
            return
        streams = await _others()
        self._lowered = tuple(_Lowered(s, tuple(round(v * share) for v in s.volume)) for s in streams if any(s.volume))
        if not self._lowered:
            return
        await asyncio.to_thread(self._write)
        for lowered in self._lowered:
            await _set(lowered.before.index, lowered.volume)

    async def _raise_soon(self) -> None:
        await asyncio.sleep(_LINGER)
        await self._raise()

    async def _raise(self) -> None:
        if not self._lowered:
            return
        try:
            for stream in await _streams():
                lowered = next((one for one in self._lowered if one.meant(stream)), None)
                if lowered is not None:
                    await _set(stream.index, lowered.before.volume)
        except (OSError, ValueError, TimeoutError, msgspec.MsgspecError) as error:
            heed_cancellation(error)
            log.debug("the sound server is gone, and what it played: %s", error)
        self._lowered = ()
        await asyncio.to_thread(self._write)

    def _read(self) -> tuple[_Lowered, ...]:
        if self._journal is None:
            return ()
        try:
            return msgspec.json.decode(self._journal.read_bytes(), type=tuple[_Lowered, ...])
        except (OSError, msgspec.MsgspecError):
            return ()

    def _write(self) -> None:
        if self._journal is None:
            return
        with suppress(OSError):
            if self._lowered:
                part = self._journal.with_name(f"{self._journal.name}.part")
                part.write_bytes(msgspec.json.encode(self._lowered))
                part.replace(self._journal)
            else:
                self._journal.unlink(missing_ok=True)


async def _others() -> list[_Stream]:
    """Return what other programs play on the default output; on all of them where the server tells of none."""
    others = [stream for stream in await _streams() if stream.process != str(os.getpid())]
    if not others:
        return []
    info: dict[str, Any] = await _json("info")
    sinks = {sink["name"]: sink["index"] for sink in await _json("list", "sinks")}
    default = sinks.get(info["default_sink_name"])
    return [stream for stream in others if default in (stream.sink, None)]


async def _streams() -> list[_Stream]:
    """Return what is played."""
    return [
        _Stream(
            one["index"],
            one["sink"],
            one["properties"].get("application.process.id", ""),
            tuple(channel["value"] for channel in one["volume"].values()),
        )
        for one in await _json("list", "sink-inputs")
    ]


async def _set(index: int, volume: tuple[int, ...]) -> None:
    with suppress(ValueError):  # it has ended meanwhile
        await _pactl("set-sink-input-volume", str(index), *map(str, volume))


async def _json(*command: str) -> Any:
    return msgspec.json.decode(await _pactl("--format=json", *command))


async def _pactl(*command: str) -> bytes:
    """Return what pactl prints; raises ValueError where it fails, TimeoutError, OSError."""
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec("pactl", *command, stdin=null, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(_PATIENCE):
            printed, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ValueError(said.decode(errors="replace").strip())
    return printed
