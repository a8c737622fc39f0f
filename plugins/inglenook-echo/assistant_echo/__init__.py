"""A chat engine that repeats what was said: the smallest whole plugin, and the one the tutorial builds."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from assistant import Capabilities, ChatDelta, ChatRequest, Done, EngineConfig, EngineSpec, Kind, TextDelta, hookimpl

__all__ = ["Echo", "EchoConfig"]


class EchoConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `echo`."""

    prefix: str = "You said: "
    """What stands before the repeated words."""


class Echo:
    """Repeat the last message of a conversation."""

    def __init__(self, config: EchoConfig) -> None:
        self._config = config

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the last message, word by word."""
        for word in (self._config.prefix + request.messages[-1].text).split(" "):
            yield TextDelta(word + " ")
        yield Done("stop")

    async def warm(self, request: ChatRequest) -> None:
        """Do nothing: there is no cache to fill."""


@asynccontextmanager
async def open_echo(config: EchoConfig) -> AsyncGenerator[Echo, None]:
    """Open the engine; a heavier one would load its model here and free it after the yield."""
    yield Echo(config)


@hookimpl
def assistant_engines() -> list[EngineSpec[EchoConfig, Echo]]:
    """Offer the engine."""
    return [
        EngineSpec(name="echo", kind=Kind.CHAT, config=EchoConfig, describe=lambda _: Capabilities(), open=open_echo)
    ]
