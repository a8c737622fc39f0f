"""What the checks of every kind have in common."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from assistant import wire
from assistant.audio import AudioChunk
from assistant.engines import PROTOCOLS, AnySpec, Capabilities

__all__ = ["check_spec", "check_wire", "endless", "leave_at_once"]


def check_wire(value: Any) -> None:
    """Check that *value* survives the way to another process and back."""
    assert wire.decode(wire.encode(value)) == value, f"{value!r} changed on the wire"


def check_spec(spec: AnySpec) -> None:
    """Check that a spec describes itself without loading anything and validates its configuration."""
    config = spec.config()
    assert isinstance(config, msgspec.Struct), "the configuration is not a msgspec.Struct"
    try:
        msgspec.convert({"no_such_option": 1}, spec.config)
    except msgspec.ValidationError:
        pass
    else:
        raise AssertionError("an unknown option is accepted: derive the configuration from EngineConfig")
    assert isinstance(spec.describe(config), Capabilities), "describe does not return Capabilities"
    assert spec.describe(config) == spec.describe(config), "describe is not pure"
    assert spec.kind in PROTOCOLS, f"{spec.kind} is no kind of engine"


async def endless(chunks: Sequence[AudioChunk]) -> AsyncIterator[AudioChunk]:
    """Yield *chunks* again and again."""
    while True:
        for chunk in chunks:
            yield chunk
            await asyncio.sleep(0)


async def leave_at_once(stream: Any) -> None:
    """Start *stream* and leave it before it has come far, as barge-in does."""
    assert inspect.isasyncgen(stream), "not an async generator, so it cannot be closed"

    async def consume() -> None:
        async with aclosing(stream):
            async for _ in stream:
                pass

    task = asyncio.create_task(consume())
    await asyncio.sleep(0.05)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=30)
    assert done, "the engine goes on although nobody listens"
    error = None if task.cancelled() else task.exception()
    assert error is None, f"the engine fails when it is left: {type(error).__name__}: {error}"
