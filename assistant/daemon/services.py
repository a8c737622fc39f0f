"""What plugins run beside the devices: services, observers, routes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial

from aiohttp import web

from assistant.config import Loaded
from assistant.errors import ConfigError
from assistant.events import EventBus
from assistant.host import Host, Observer
from assistant.plugins import Plugins
from assistant.streams import heed_cancellation

__all__ = ["Service", "keep_serving", "observe", "plugin_routes", "wanted_services"]

log = logging.getLogger(__name__)

Service = Callable[[], Awaitable[None]]
"""Serves until cancelled."""

_STEADY = 60.0
"""Seconds after which a service has come up, and its next failure is a new one."""
_LONGEST = 60.0
"""Seconds of the longest wait before a service is started again."""


def wanted_services(loaded: Loaded, plugins: Plugins, host: Host) -> dict[str, Service]:
    """Return the services that the configuration names, by name; raises ConfigError for one that nobody offers.

    Where a plugin was set aside it may have been the one: the house goes on without the service, and the log says so.
    """
    offered = plugins.services()
    aside = [plugin.name for plugin in plugins if plugin.failure]
    found: dict[str, Service] = {}
    for name in loaded.config.services:
        if spec := offered.get(name):
            found[name] = partial(spec.run, loaded.service(name, spec.config), host)
            continue
        error = ConfigError(
            f"{loaded.layer.place(('services', name))}: services.{name}: no plugin offers this service",
            hint=f"offered: {', '.join(offered) or 'none'}; see `assistant plugins list`",
        )
        if not aside:
            raise error
        log.error("%s (set aside: %s)", error, ", ".join(aside))
    return found


async def keep_serving(name: str, service: Service) -> None:
    """Run a service; one that fails is named and started again after a while, and the rest goes on."""
    loop = asyncio.get_running_loop()
    wait = 1.0
    while True:
        begun = loop.time()
        try:
            await service()
            log.info("service %s has ended", name)
            return
        except (Exception, SystemExit) as error:
            heed_cancellation(error)
            if loop.time() - begun > _STEADY:
                wait = 1.0
            log.error("service %s failed: %s: %s; again in %g s", name, type(error).__name__, error, wait)
        await asyncio.sleep(wait)
        wait = min(wait * 2, _LONGEST)


async def observe(bus: EventBus, observer: Observer) -> None:
    """Hand every event to an observer; one that fails is named, and gets the next."""
    async with aclosing(bus.subscribe()) as events:
        async for event in events:
            try:
                await observer.see(event)
            except (Exception, SystemExit) as error:
                heed_cancellation(error)
                log.warning("observer %s failed: %s: %s", observer.name, type(error).__name__, error)


def plugin_routes(plugins: Plugins, host: Host) -> dict[str, list[web.RouteDef]]:
    """Return the HTTP routes that plugins offer, by plugin."""
    routes: dict[str, list[web.RouteDef]] = {}
    for name, route in plugins.routes(host):
        routes.setdefault(name, []).append(route)
    return routes
