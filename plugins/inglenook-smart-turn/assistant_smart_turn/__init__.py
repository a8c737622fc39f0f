"""End of turn by Smart Turn, run on ONNX Runtime."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import Capabilities, EngineConfig, EngineSpec, Kind, ModelRef, hookimpl

if TYPE_CHECKING:
    from assistant_smart_turn.turn import SmartTurn

__all__ = ["SmartTurnConfig", "assistant_engines", "open_smart_turn"]


class SmartTurnConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `smart-turn`."""

    model: ModelRef = "smart-turn-v3.2"
    """Id in the catalogue, or path of Smart Turn's `.onnx` file, version 3, for the CPU."""


def describe(config: SmartTurnConfig) -> Capabilities:
    """Estimate the memory: half of it is ONNX Runtime."""
    return Capabilities(memory=60_000_000)


@asynccontextmanager
async def open_smart_turn(config: SmartTurnConfig) -> AsyncGenerator["SmartTurn", None]:
    """Load the model; raises ModelError where the file is missing or is another model."""
    from assistant_smart_turn.turn import SmartTurn

    yield await asyncio.to_thread(SmartTurn, Path(config.model))


@hookimpl
def assistant_engines() -> list[EngineSpec[SmartTurnConfig, "SmartTurn"]]:
    """Offer the engine."""
    return [
        EngineSpec(name="smart-turn", kind=Kind.TURN, config=SmartTurnConfig, describe=describe, open=open_smart_turn)
    ]
