"""Text in images by PP-OCR, through RapidOCR."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from assistant import Capabilities, EngineConfig, EngineSpec, EngineUnavailable, Kind, VisionTask, hookimpl, in_thread

if TYPE_CHECKING:
    from assistant_rapidocr.reader import Reader

__all__ = ["RapidOcrConfig", "assistant_engines", "open_rapidocr"]


class RapidOcrConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `rapidocr`."""

    confidence: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """Lines that are less sure are left out, where the request does not say."""
    longest_side: Annotated[int, Meta(ge=320, le=8000)] = 2000
    """Pixels to which the longer side of an image is scaled down; smaller is faster and misses small print."""
    upside_down: bool = True
    """Whether lines that stand on their head are turned first."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 2
    """CPU threads."""


def describe(config: RapidOcrConfig) -> Capabilities:
    """Estimate the memory, that of a picture of 2000 pixels included."""
    return Capabilities(tasks=(VisionTask.TEXT,), memory=600_000_000)


@asynccontextmanager
async def open_rapidocr(config: RapidOcrConfig) -> AsyncGenerator["Reader", None]:
    """Load the models, which RapidOCR brings; raises EngineUnavailable where it cannot be imported."""
    try:
        reader = await in_thread(lambda: import_module("assistant_rapidocr.reader"))
    except (ImportError, OSError) as error:
        raise EngineUnavailable(
            f"RapidOCR cannot be loaded: {error}", hint="install it again: assistant plugins install inglenook-rapidocr"
        ) from error
    yield await in_thread(lambda: reader.Reader(config))


@hookimpl
def assistant_engines() -> list[EngineSpec[RapidOcrConfig, "Reader"]]:
    """Offer the engine."""
    return [EngineSpec(name="rapidocr", kind=Kind.VISION, config=RapidOcrConfig, describe=describe, open=open_rapidocr)]
