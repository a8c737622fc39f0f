"""The HTTP door: its application, and how it is served."""

import asyncio
import errno
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from assistant.access.audit import Audit, NoLog
from assistant.access.backoff import Backoff
from assistant.access.caller import OWNER_KEY, Caller
from assistant.access.keys import Keys
from assistant.access.limits import Limits
from assistant.access.owner import api_key, same_key
from assistant.config.doors import HttpConfig
from assistant.errors import ServiceError
from assistant.events import EventBus
from assistant.http import guard, health, openapi, request_id
from assistant.http.events import EventDoor
from assistant.http.metrics import REQUESTS, Requests
from assistant.http.origins import Origins
from assistant.http.route import ARRIVING, Arriving, Route, served
from assistant.http.threshold import Threshold
from assistant.http.tls import Tls

__all__ = ["local_address", "make_app", "serve"]

log = logging.getLogger(__name__)

_BODY = 1_000_000
"""Bytes of a request's body; a door that takes more sets its own bound."""
_SILENCE = 10.0
"""Seconds in which the headers of a request must have come, from when the connection, or the answer before, was there.
And those that TLS may take to begin."""
_LINGERING = 5.0
"""Seconds for which the rest of a body that nobody wants is still taken, so that the asker gets to read the answer."""
_WAITING = 128
"""Connections that the kernel holds until they are looked at."""


def make_app(
    config: HttpConfig,
    bus: EventBus,
    closed: Callable[[], Mapping[str, str]],
    plugin_routes: Mapping[str, list[web.RouteDef]],
    doors: Iterable[Route] = (),
    keys: Keys | None = None,
    audit: Audit | None = None,
) -> web.Application:
    """Make the application: the core's own routes, the *doors* to engines, each plugin under `/plugins/<name>/`."""
    door = EventDoor(bus)
    routes = [*health.routes(closed), *door.routes(), *doors]
    routes += openapi.routes(lambda: routes)
    known = {(route.method, route.path): route for route in routes}
    origins, present = Origins(config), guard.Present()
    before = guard.Guard(
        origins=origins,
        routes=known,
        identify=_identify(api_key(config), keys),
        backoff=Backoff(time.monotonic),
        limits=Limits(config.limits, time.monotonic),
        audit=audit or Audit(NoLog()),
        present=present,
    )
    if keys is not None:
        keys.on_revoked(present.hang_up)
    requests = Requests()
    app = web.Application(
        middlewares=[request_id.identified, requests.middleware(), guard.errors(known), before.middleware()],
        client_max_size=_BODY,
    )
    app[ARRIVING], app[REQUESTS] = Arriving(), requests
    app.add_routes(map(served, routes))
    app.on_response_prepare.extend([origins.mark, request_id.mark])
    app.on_shutdown.extend({route.hang_up for route in routes if route.hang_up is not None})
    for name, of_plugin in plugin_routes.items():
        part = web.Application()
        part.add_routes(of_plugin)
        app.add_subapp(f"/plugins/{name}/", part)
    return app


def _identify(own: str, keys: Keys | None) -> guard.Identify:
    def identify(given: str) -> Caller | None:
        if same_key(given, own):
            return OWNER_KEY
        return keys.identify(given) if keys is not None else None

    return identify


@asynccontextmanager
async def serve(app: web.Application, config: HttpConfig) -> AsyncGenerator[int, None]:
    """Serve *app* while the context lasts; yields the port.

    Raises ServiceError where the address cannot be used, ConfigError for a certificate that cannot.
    """
    tls = await asyncio.to_thread(Tls.of, config)
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=2.0,
        handler_cancellation=True,
        keepalive_timeout=_SILENCE,
        lingering_time=_LINGERING,
        auto_decompress=False,
    )
    await runner.setup()
    assert runner.server is not None
    try:
        try:
            server = await asyncio.get_running_loop().create_server(
                Threshold(runner.server, config.connections),
                config.host,
                config.port,
                ssl=tls.context if tls else None,
                ssl_handshake_timeout=_SILENCE if tls else None,
                backlog=_WAITING,
            )
        except OSError as error:
            raise _cannot_listen(config, error) from None
        try:
            port = int(server.sockets[0].getsockname()[1])
            log.info("listening on %s://%s:%d", "https" if tls else "http", config.host, port)
            async with _followed(tls):
                yield port
        finally:
            server.close()
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _followed(tls: Tls | None) -> AsyncGenerator[None, None]:
    """Follow the certificate's files, if there are any, while the context lasts."""
    if tls is None:
        yield
        return
    following = asyncio.create_task(tls.follow(), name="certificate")
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def local_address(config: HttpConfig, port: int) -> str:
    """Return where programs of this machine reach the door."""
    scheme = "https" if config.certificate else "http"
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104
    return f"{scheme}://[{here}]:{port}" if ":" in here else f"{scheme}://{here}:{port}"


def _cannot_listen(config: HttpConfig, error: OSError) -> ServiceError:
    where = f"http: cannot listen on {config.host} port {config.port}"
    if error.errno == errno.EADDRINUSE:
        return ServiceError(f"{where}: the port is in use", hint="stop the other program, or set http.port")
    return ServiceError(f"{where}: {error.strerror}", hint="set http.host and http.port")
