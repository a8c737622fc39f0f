"""Voice activity by Silero VAD, run on ONNX Runtime."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import Capabilities, EngineConfig, EngineSpec, Kind, ModelRef, hookimpl, in_thread

if TYPE_CHECKING:
    from assistant_silero_vad.vad import SileroVad

__all__ = ["SileroVadConfig", "assistant_engines", "open_silero_vad"]


class SileroVadConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `silero-vad`."""

    model: ModelRef = "silero-vad"
    """Id in the catalogue, or path of Silero VAD's `.onnx` file, version 6."""


def describe(config: SileroVadConfig) -> Capabilities:
    """Estimate the memory: almost all of it is ONNX Runtime."""
    return Capabilities(memory=25_000_000)


@asynccontextmanager
async def open_silero_vad(config: SileroVadConfig) -> AsyncGenerator["SileroVad", None]:
    """Load the model; raises ModelError where the file is missing or is another model."""

    def load() -> "SileroVad":
        from assistant_silero_vad.model import Model
        from assistant_silero_vad.vad import SileroVad

        return SileroVad(Model(Path(config.model)))

    yield await in_thread(load)


@hookimpl
def assistant_engines() -> list[EngineSpec[SileroVadConfig, "SileroVad"]]:
    """Offer the engine."""
    return [
        EngineSpec(name="silero-vad", kind=Kind.VAD, config=SileroVadConfig, describe=describe, open=open_silero_vad)
    ]
