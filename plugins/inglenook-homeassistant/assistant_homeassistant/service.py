"""Stay connected: log in, follow, and try again after a while where that ends."""

import asyncio
import contextlib
import logging

import aiohttp

from assistant import Home, ServiceError
from assistant_homeassistant.bridge import HomeAssistant
from assistant_homeassistant.config import HomeAssistantConfig
from assistant_homeassistant.connection import WrongToken, connected
from assistant_homeassistant.registry import read_registry

__all__ = ["look", "serve"]

log = logging.getLogger(__name__)

_SOONEST, _LATEST = 1.0, 60.0
"""Seconds before the first try after a connection has ended, and the longest wait between two."""
_STEADY = 60.0
"""Seconds after which a connection was a good one, and the next wait is short again."""


async def serve(config: HomeAssistantConfig, home: Home) -> None:
    """Be a part of the house until cancelled. What goes wrong is said once, and tried again in the background."""
    loop = asyncio.get_running_loop()
    wait, complained = _SOONEST, ""
    async with aiohttp.ClientSession() as session:
        bridge = HomeAssistant(config, session, home.changed)
        async with home.attached(bridge):
            while True:
                begun = loop.time()
                try:
                    async with connected(session, config.url, config.token) as connection:
                        log.info("%s %s at %s is connected", config.name, connection.version, config.url)
                        complained = ""
                        await bridge.follow(connection)
                except ServiceError as error:
                    bridge.failed()
                    if str(error) != complained:
                        log.warning("%s; it is tried again%s", error, f" ({error.hint})" if error.hint else "")
                        complained = str(error)
                    if isinstance(error, WrongToken):  # Home Assistant bans who tries again and again
                        await asyncio.sleep(_LATEST)
                        continue
                if loop.time() - begun > _STEADY:
                    wait = _SOONEST
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await bridge.missed.wait()
                bridge.missed.clear()
                wait = min(2 * wait, _LATEST)


async def look(config: HomeAssistantConfig) -> str:
    """Log in once and return what is there; raises ServiceError."""
    async with (
        aiohttp.ClientSession() as session,
        connected(session, config.url, config.token) as connection,
    ):
        listening = asyncio.create_task(connection.listen(), name="look at Home Assistant")
        try:
            registry = await read_registry(connection, config.exposed)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    told = "" if registry.exposed is None else f", {len(registry.exposed)} entities exposed to Assist"
    return f"{config.name} {connection.version}: {len(registry.areas)} areas{told}"
