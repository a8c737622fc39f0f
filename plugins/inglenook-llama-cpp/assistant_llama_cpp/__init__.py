"""Chat on this machine: any GGUF model by llama.cpp, several conversations at once, each with its prefix cached."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import (
    Capabilities,
    EngineSpec,
    EngineUnavailable,
    Kind,
    ModelError,
    hookimpl,
    in_thread,
)
from assistant_llama_cpp.config import LlamaConfig
from assistant_llama_cpp.gguf import Header, read_header
from assistant_llama_cpp.gpu import build

if TYPE_CHECKING:
    from assistant_llama_cpp.engine import LlamaChat

__all__ = ["LlamaConfig", "describe_llama", "open_llama"]

_SIZE = re.compile(r"(?<![\d.a-z])(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])(?![a-z])", re.IGNORECASE)


def parameters(name: str) -> int:
    """Return the parameters that a model's name tells, in millions: 135 for `smollm2-135m`; 0 where it tells none."""
    found = _SIZE.search(name)
    if not found:
        return 0
    experts, count, unit = found.groups()
    return round(int(experts or 1) * float(count) * (1000 if unit in "bB" else 1))


def describe_llama(config: LlamaConfig) -> Capabilities:
    """Say what a configuration can do, from the name and the header of its model."""
    path = Path(config.model)
    memory, rank = 0, parameters(path.stem)
    if path.is_file():
        status = path.stat()
        memory = status.st_size
        if header := _header(path, status.st_mtime_ns, status.st_size):
            memory += header.kv_bytes(config.context)
            rank = rank or parameters(str(header.metadata.get("general.size_label", "")))
    inputs = {"text", "image"} if config.projector else {"text"}
    if config.projector and (projector := Path(config.projector)).is_file():
        memory += projector.stat().st_size
    return Capabilities(
        inputs=frozenset(inputs),
        tools=True,
        schema=True,
        logprobs=True,
        continues=True,
        context=config.context,
        parallel=config.slots,
        preempts=True,
        memory=memory,
        rank=rank,
    )


@lru_cache(maxsize=32)
def _header(path: Path, modified: int, size: int) -> Header | None:
    """Read a header once for as long as the file stays the same; None for a file that `open` will refuse."""
    try:
        return read_header(path)
    except ModelError:
        return None


@asynccontextmanager
async def open_llama(config: LlamaConfig) -> AsyncGenerator["LlamaChat", None]:
    """Load the model and write replies until the context ends.

    Raises EngineUnavailable where llama-cpp-python cannot be imported, ModelError for a file that cannot be used.
    """
    try:
        engine = await in_thread(lambda: import_module("assistant_llama_cpp.engine"))
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineUnavailable(
            f"llama-cpp-python cannot be loaded: {error}", hint="install it again: pip install llama-cpp-python"
        ) from error
    async with engine.opened(config) as chat:
        yield chat


@hookimpl
def assistant_engines() -> list[EngineSpec[LlamaConfig, "LlamaChat"]]:
    """Offer the engine."""
    return [
        EngineSpec(
            name="llama-cpp",
            kind=Kind.CHAT,
            config=LlamaConfig,
            describe=describe_llama,
            open=open_llama,
            build=build,
        )
    ]
