"""Commands understood by sentence templates: hassil with Home Assistant's intents."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from assistant import Capabilities, EngineConfig, EngineSpec, Kind, hookimpl

if TYPE_CHECKING:
    from assistant_intents.engine import Hassil

__all__ = ["HassilConfig", "assistant_engines", "open_hassil"]


class HassilConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `hassil`."""

    sentences: str = ""
    """A further folder of your own sentences, `<language>/*.yaml`; the first is `sentences` next to the configuration
    file."""


def describe(config: HassilConfig) -> Capabilities:
    """Estimate the memory: the libraries, and three languages of which each takes about 7 MB."""
    return Capabilities(memory=45_000_000)


@asynccontextmanager
async def open_hassil(config: HassilConfig) -> AsyncGenerator["Hassil", None]:
    """Load the library; a language is read when it is first spoken."""
    from assistant_intents.engine import Hassil

    yield await asyncio.to_thread(Hassil, (config.sentences,) if config.sentences else ())


@hookimpl
def assistant_engines() -> list[EngineSpec[HassilConfig, "Hassil"]]:
    """Offer the engine."""
    return [EngineSpec(name="hassil", kind=Kind.INTENT, config=HassilConfig, describe=describe, open=open_hassil)]
