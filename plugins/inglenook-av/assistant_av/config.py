"""What can be set."""

from typing import Annotated

import msgspec

from assistant import Capabilities, EngineConfig

__all__ = ["ENCODINGS", "AvConfig", "describe"]

ENCODINGS = ("mp3", "opus", "aac", "flac")
"""Formats that are written."""

_PROCESS = 60_000_000
"""Bytes that one process takes, measured."""


class AvConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `av`."""

    processes: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    """Files that are read or written at once, each in a process of its own."""
    memory: Annotated[int, msgspec.Meta(ge=256)] = 768
    """Megabytes of address space that one of them may have."""
    processor: Annotated[int, msgspec.Meta(ge=1)] = 60
    """Seconds of processor time that one of them may take."""
    patience: Annotated[float, msgspec.Meta(gt=0)] = 20.0
    """Seconds that one of them may make no progress."""


def describe(config: AvConfig) -> Capabilities:
    """Say what *config* can do."""
    return Capabilities(encodings=ENCODINGS, parallel=config.processes, memory=_PROCESS * config.processes)
