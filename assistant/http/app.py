"""The HTTP door: its application, and how it is served."""

import errno
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from assistant.access.caller import OWNER_KEY, Caller
from assistant.access.owner import api_key, same_key
from assistant.config.schema import HttpConfig
from assistant.errors import ServiceError
from assistant.events import EventBus
from assistant.http import guard, health
from assistant.http.events import EventDoor
from assistant.http.route import Route, served

__all__ = ["local_address", "make_app", "serve"]

log = logging.getLogger(__name__)

_BODY = 1_000_000
"""Bytes of a request's body; a door that takes more sets its own bound."""


def make_app(
    config: HttpConfig,
    bus: EventBus,
    closed: Callable[[], Mapping[str, str]],
    plugin_routes: Mapping[str, list[web.RouteDef]],
    doors: Iterable[Route] = (),
) -> web.Application:
    """Make the application: the core's own routes, the *doors* to engines, each plugin under `/plugins/<name>/`."""
    door = EventDoor(bus)
    routes = [*health.routes(closed), *door.routes(), *doors]
    known = {(route.method, route.path): route for route in routes}
    middlewares = [guard.errors(known), guard.guard(config, known, _owner(api_key(config)))]
    app = web.Application(middlewares=middlewares, client_max_size=_BODY)
    app.add_routes(map(served, routes))
    app.on_shutdown.append(door.hang_up)
    for name, of_plugin in plugin_routes.items():
        part = web.Application()
        part.add_routes(of_plugin)
        app.add_subapp(f"/plugins/{name}/", part)
    return app


def _owner(key: str) -> guard.Identify:
    def identify(given: str) -> Caller | None:
        return OWNER_KEY if same_key(given, key) else None

    return identify


@asynccontextmanager
async def serve(app: web.Application, config: HttpConfig) -> AsyncGenerator[int, None]:
    """Serve *app* while the context lasts; yields the port. Raises ServiceError where the address cannot be used."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0, handler_cancellation=True)
    await runner.setup()
    try:
        try:
            site = web.TCPSite(runner, config.host, config.port)
            await site.start()
        except OSError as error:
            raise _cannot_listen(config, error) from None
        addresses: list[Any] = runner.addresses
        port = int(addresses[0][1])
        log.info("listening on http://%s:%d", config.host, port)
        yield port
    finally:
        await runner.cleanup()


def local_address(host: str, port: int) -> str:
    """Return where programs of this machine reach a door that listens on *host*."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def _cannot_listen(config: HttpConfig, error: OSError) -> ServiceError:
    where = f"http: cannot listen on {config.host} port {config.port}"
    if error.errno == errno.EADDRINUSE:
        return ServiceError(f"{where}: the port is in use", hint="stop the other program, or set http.port")
    return ServiceError(f"{where}: {error.strerror}", hint="set http.host and http.port")
