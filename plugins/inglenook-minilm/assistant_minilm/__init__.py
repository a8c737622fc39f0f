"""Nearness in meaning by MiniLM, run on ONNX Runtime."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import Capabilities, EngineConfig, EngineSpec, Kind, ModelRef, hookimpl

if TYPE_CHECKING:
    from assistant_minilm.embed import MiniLm

__all__ = ["MiniLmConfig", "assistant_engines", "open_minilm"]


class MiniLmConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `minilm`."""

    model: ModelRef = "all-minilm-l6-v2"
    """Id in the catalogue, or path of a folder with `model.onnx` and `tokenizer.json`, as sentence-transformers has
    them."""


def describe(config: MiniLmConfig) -> Capabilities:
    """Estimate the memory: ONNX Runtime unpacks the int8 table of words. Anybody may ask at once."""
    return Capabilities(languages=("en",), parallel=8, memory=190_000_000)


@asynccontextmanager
async def open_minilm(config: MiniLmConfig) -> AsyncGenerator["MiniLm", None]:
    """Load the model; raises ModelError where a file is missing or is another model."""
    from assistant_minilm.embed import MiniLm

    yield await asyncio.to_thread(MiniLm, Path(config.model))


@hookimpl
def assistant_engines() -> list[EngineSpec[MiniLmConfig, "MiniLm"]]:
    """Offer the engine."""
    return [EngineSpec(name="minilm", kind=Kind.EMBED, config=MiniLmConfig, describe=describe, open=open_minilm)]
