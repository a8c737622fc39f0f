"""The house, in a command that runs no services: what leads to its things is there for one question."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager

from assistant.assembly import Assembly
from assistant.errors import AssistantError

__all__ = ["at_home"]

log = logging.getLogger(__name__)

_COMES = 5.0
"""Seconds that the house may take to be there."""
_SETTLES = 0.25
"""Seconds after which nothing more is expected to come."""


@asynccontextmanager
async def at_home(assembly: Assembly) -> AsyncGenerator[None, None]:
    """Have the configured services bring their things into the house while the context is open."""
    offered = assembly.plugins.services()
    specs = [(name, offered[name]) for name in assembly.config.services if name in offered]
    bringing = [
        asyncio.create_task(_brought(name, spec.house(assembly.loaded.service(name, spec.config), assembly.home)))
        for name, spec in specs
        if spec.house is not None
    ]
    try:
        if bringing:
            await _settled(assembly)
        yield
    finally:
        for task in bringing:
            task.cancel()
        await asyncio.gather(*bringing, return_exceptions=True)


async def _brought(name: str, house: Awaitable[None]) -> None:
    try:
        await house
    except AssistantError as error:
        log.warning("%s: %s%s", name, error, f" ({error.hint})" if error.hint else "")


async def _settled(assembly: Assembly) -> None:
    """Wait until the house is there and nothing more comes, or for so long that it may not be there at all."""
    home, seen = assembly.home, -1
    try:
        async with asyncio.timeout(_COMES):
            while not home.entities or seen != len(home.entities):
                seen = len(home.entities)
                await asyncio.sleep(_SETTLES)
    except TimeoutError:
        log.debug("the house is not there")
