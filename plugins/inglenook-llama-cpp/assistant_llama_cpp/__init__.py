"""Any GGUF model on this machine, by llama.cpp.

Chat, several conversations at once, each with its prefix cached; and places of texts, by models of sentences.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import (
    Capabilities,
    EngineSpec,
    EngineUnavailable,
    Kind,
    ModelError,
    hookimpl,
    in_thread,
)
from assistant_llama_cpp.config import LlamaConfig, LlamaEmbedConfig
from assistant_llama_cpp.gguf import Header, read_header
from assistant_llama_cpp.gpu import build

if TYPE_CHECKING:
    from assistant_llama_cpp.embed import LlamaEmbed
    from assistant_llama_cpp.engine import LlamaChat

__all__ = [
    "LlamaConfig",
    "LlamaEmbedConfig",
    "describe_llama",
    "describe_llama_embed",
    "open_llama",
    "open_llama_embed",
]

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
    memory, header = _memory(path, config.context)
    rank = parameters(path.stem)
    if header:
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


def describe_llama_embed(config: LlamaEmbedConfig) -> Capabilities:
    """Say what a configuration can do. Anybody may ask at once: batches take turns."""
    memory, _ = _memory(Path(config.model), config.context)
    return Capabilities(languages=tuple(config.languages), parallel=8, memory=memory)


def _memory(path: Path, context: int) -> tuple[int, Header | None]:
    """Return the bytes of a model and of *context* tokens in its cache, and its header; 0 where there is no file."""
    if not path.is_file():
        return 0, None
    status = path.stat()
    header = _header(path, status.st_mtime_ns, status.st_size)
    return status.st_size + (header.kv_bytes(context) if header else 0), header


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
    engine = await _library("engine")
    async with engine.opened(config) as chat:
        yield chat


@asynccontextmanager
async def open_llama_embed(config: LlamaEmbedConfig) -> AsyncGenerator["LlamaEmbed", None]:
    """Load the model and place texts until the context ends; raises what `open_llama` does."""
    if not config.model:
        raise ModelError("no `model` is given", hint="give the path of a GGUF file of an embedding model")
    embed = await _library("embed")
    async with embed.opened(config) as engine:
        yield engine


async def _library(module: str) -> Any:
    """Return a module of this package that imports llama-cpp-python."""
    try:
        return await in_thread(lambda: import_module(f"assistant_llama_cpp.{module}"))
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineUnavailable(
            f"llama-cpp-python cannot be loaded: {error}", hint="install it again: pip install llama-cpp-python"
        ) from error


@hookimpl
def assistant_engines() -> list[EngineSpec[Any, Any]]:
    """Offer the engines."""
    return [
        EngineSpec(
            name="llama-cpp",
            kind=Kind.CHAT,
            config=LlamaConfig,
            describe=describe_llama,
            open=open_llama,
            build=build,
        ),
        EngineSpec(
            name="llama-cpp-embed",
            kind=Kind.EMBED,
            config=LlamaEmbedConfig,
            describe=describe_llama_embed,
            open=open_llama_embed,
            build=build,
        ),
    ]
