"""Objects, kinds and persons in images by three small models, run on ONNX Runtime. Each engine is usable alone."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TypeVar

from msgspec import Meta

from assistant import (
    Capabilities,
    EngineConfig,
    EngineSpec,
    EngineUnavailable,
    Kind,
    ModelRef,
    Vision,
    VisionTask,
    hookimpl,
    in_thread,
)

__all__ = ["EfficientNetConfig", "NanoDetConfig", "SelfieConfig", "assistant_engines"]

Share = Annotated[float, Meta(ge=0, le=1)]
Threads = Annotated[int, Meta(ge=1, le=64)]


class NanoDetConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `nanodet`."""

    model: ModelRef = "nanodet-416"
    """Id in the catalogue, or path of NanoDet's `.json` file, with the `.bin` file beside it."""
    confidence: Share = 0.4
    """Objects that are less sure are left out, where the request does not say."""
    most: Annotated[int, Meta(ge=1, le=1000)] = 50
    """Objects of one image, the surest."""
    threads: Threads = 2
    """CPU threads."""


class EfficientNetConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `efficientnet-lite`."""

    model: ModelRef = "efficientnet-lite0"
    """Id in the catalogue, or path of a folder with EfficientNet-Lite0's `.pth` file and ImageNet's lists of names."""
    confidence: Share = 0.1
    """Kinds that are less likely are left out, where the request does not say."""
    most: Annotated[int, Meta(ge=1, le=1000)] = 5
    """Kinds of one image, the likeliest."""
    threads: Threads = 2
    """CPU threads."""


class SelfieConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `selfie-segmentation`."""

    model: ModelRef = "selfie-segmentation"
    """Id in the catalogue, or path of the model's `.json` file, with the `.bin` file beside it."""
    confidence: Share = 0.5
    """Pixels that are less sure belong to nobody; what is left must be as sure on average as the request says."""
    smallest: Share = 0.005
    """Share of the image below which it shows nobody."""
    threads: Threads = 2
    """CPU threads."""


C = TypeVar("C", NanoDetConfig, EfficientNetConfig, SelfieConfig)


def _opening(module: str, engine: str) -> Callable[[Any], AbstractAsyncContextManager[Vision]]:
    """Return how an engine is opened; it raises ModelError for a file that is missing or another model."""

    @asynccontextmanager
    async def opened(config: Any) -> AsyncGenerator[Vision, None]:
        try:
            loaded = await in_thread(lambda: import_module(f"assistant_vision_onnx.{module}"))
        except (ImportError, OSError) as error:
            raise EngineUnavailable(
                f"ONNX Runtime cannot be loaded: {error}",
                hint="install it again: assistant plugins install inglenook-vision-onnx",
            ) from error
        yield await in_thread(lambda: getattr(loaded, engine)(Path(config.model), config))

    return opened


def _spec(name: str, config: type[C], task: VisionTask, memory: int, module: str, engine: str) -> EngineSpec[C, Vision]:
    capabilities = Capabilities(tasks=(task,), memory=memory)
    return EngineSpec(
        name=name, kind=Kind.VISION, config=config, describe=lambda _: capabilities, open=_opening(module, engine)
    )


@hookimpl
def assistant_engines() -> list[EngineSpec[Any, Vision]]:
    """Offer the engines; the memory is mostly that of ONNX Runtime and of a photograph of some millions of pixels."""
    return [
        _spec("nanodet", NanoDetConfig, VisionTask.OBJECTS, 150_000_000, "nanodet", "NanoDet"),
        _spec("efficientnet-lite", EfficientNetConfig, VisionTask.CLASSES, 150_000_000, "efficientnet", "EfficientNet"),
        _spec("selfie-segmentation", SelfieConfig, VisionTask.SEGMENTS, 120_000_000, "selfie", "Selfie"),
    ]
