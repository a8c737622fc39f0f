"""Who may ask what: the checks that every request passes before anything else looks at it."""

import ipaddress
import logging
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from assistant.access import Caller, Scope
from assistant.config.schema import HttpConfig
from assistant.errors import AssistantError, ConfigError
from assistant.http.problem import Problem, plain, problem_of
from assistant.http.route import Route
from assistant.lan.identity import host_name, instance_id

__all__ = ["Identify", "Routes", "caller", "check_bind", "errors", "guard", "is_loopback"]

log = logging.getLogger(__name__)

Routes = Mapping[tuple[str, str], Route]
"""The core's routes by method and path."""
Identify = Callable[[str], Caller | None]
"""Says whose key it is; None where it is nobody's."""

_CALLER = web.RequestKey("caller", Caller)

_HOST = re.compile(r"(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([\w.-]+))(?::\d*)?", re.ASCII | re.IGNORECASE)
"""A Host header: an IPv6 address in brackets or a name or IPv4 address, and perhaps a port (RFC 9110, section 7.2)."""


def is_loopback(host: str) -> bool:
    """Tell whether an address or name stays on this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def check_bind(config: HttpConfig) -> None:
    """Raise ConfigError where the HTTP door would be open to the network without a key."""
    if not is_loopback(config.host) and not config.key:
        raise ConfigError(
            f"http.host: {config.host} is reachable from the network, and http.key is not set",
            hint="set http.key (for example from a file: ${file:/etc/inglenook/key}), or listen on 127.0.0.1",
        )


def guard(config: HttpConfig, routes: Routes, identify: Identify) -> Middleware:
    """Return the middleware that checks Host, Origin and key.

    Host and Origin are checked on loopback too: a web page that a browser here shows could otherwise reach the daemon
    by DNS rebinding. What is not among *routes* (a plugin's own, or nothing at all) needs a key that opens everything.
    """
    names = {name.lower() for name in config.hosts} | {_own_name(), f"{_own_name()}.local"}
    if not is_loopback(config.host):
        names.add(host_name(instance_id()))

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_known(_host(request.headers.get(hdrs.HOST, "")), names):
            raise Problem(421, "unknown_host", "this host name is not known here", "add it to http.hosts")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not _same_place(origin, request.headers[hdrs.HOST]):
            raise Problem(403, "foreign_origin", "requests of other sites are refused")
        route = _route(request, routes)
        if route is None or route.scope is not None:
            request[_CALLER] = _admitted(request, route.scope if route and route.scope else Scope.ADMIN, identify)
        return await handler(request)

    return middleware


def caller(request: web.Request) -> Caller:
    """Return who asks; raises KeyError on a route that anybody may ask."""
    return request[_CALLER]


def _admitted(request: web.Request, scope: Scope, identify: Identify) -> Caller:
    """Return who asks; raises Problem where that is nobody, or somebody who may not."""
    caller = identify(_bearer(request))
    if caller is None:
        raise Problem(401, "no_key", "this needs the key", "send `Authorization: Bearer KEY`")
    if not caller.may(scope) and request.match_info.http_exception is None:
        raise Problem(403, "no_scope", f"the key {caller.name!r} does not open this: it needs the scope {scope}")
    return caller


def _route(request: web.Request, routes: Routes) -> Route | None:
    resource = request.match_info.route.resource
    return None if resource is None else routes.get((request.method, resource.canonical))


def errors(routes: Routes) -> Middleware:
    """Return the middleware that tells what went wrong, and what to do, as the clients of the route read it."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as error:
            problem = error
        except web.HTTPException as error:
            problem = _of_aiohttp(error)
        except AssistantError as error:
            problem = problem_of(error)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            problem = Problem(500, "internal_error", "the request failed", "the daemon's log says why")
        route = _route(request, routes)
        return (route.render if route else plain)(problem)

    return middleware


def _of_aiohttp(error: web.HTTPException) -> Problem:
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__.removeprefix("HTTP")).lower()
    kept = (hdrs.ALLOW, hdrs.LOCATION, hdrs.RETRY_AFTER)
    headers = {str(name): error.headers[name] for name in kept if name in error.headers}
    return Problem(error.status, code, error.reason, headers=headers)


def _own_name() -> str:
    return socket.gethostname().partition(".")[0].lower()


def _host(header: str) -> str:
    """Return the name or address in a Host header; empty where it is no such thing."""
    found = _HOST.fullmatch(header)
    return (found[1] or found[2]).lower().rstrip(".") if found else ""


def _is_known(host: str, names: Iterable[str]) -> bool:
    """Tell whether *host* is an address (which DNS rebinding cannot forge), a loopback name, or one of *names*."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost" or host in names
    return True


def _same_place(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def _bearer(request: web.Request) -> str:
    kind, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""
