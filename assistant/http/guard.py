"""Who may ask what: the checks that every request passes before anything else looks at it."""

import ipaddress
import logging
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from assistant.config.schema import HttpConfig
from assistant.errors import AssistantError, ConfigError
from assistant.http.keys import same_key
from assistant.lan.identity import host_name, instance_id

__all__ = ["PUBLIC", "check_bind", "errors", "guard", "is_loopback", "refuse"]

log = logging.getLogger(__name__)

PUBLIC = frozenset({"/healthz", "/readyz"})
"""The only paths that need no key."""

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


def guard(config: HttpConfig, key: str) -> Middleware:
    """Return the middleware that checks Host, Origin and key.

    Host and Origin are checked on loopback too: a web page that a browser here shows could otherwise reach the daemon
    by DNS rebinding.
    """
    names = {name.lower() for name in config.hosts} | {_own_name(), f"{_own_name()}.local"}
    if not is_loopback(config.host):
        names.add(host_name(instance_id()))

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_known(_host(request.headers.get(hdrs.HOST, "")), names):
            return refuse(421, "unknown_host", "this host name is not known here", "add it to http.hosts")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not _same_place(origin, request.headers[hdrs.HOST]):
            return refuse(403, "foreign_origin", "requests of other sites are refused", "")
        if request.path not in PUBLIC and not same_key(_bearer(request), key):
            return refuse(401, "no_key", "this needs the key", "send `Authorization: Bearer KEY`")
        return await handler(request)

    return middleware


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Render errors as JSON: what is wrong and what to do."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__.removeprefix("HTTP")).lower()
        answer = refuse(error.status, code, error.reason, "")
        kept = (hdrs.ALLOW, hdrs.LOCATION, hdrs.RETRY_AFTER)
        answer.headers.update({name: error.headers[name] for name in kept if name in error.headers})
        return answer
    except AssistantError as error:
        return refuse(500, error.code, str(error), error.hint)
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return refuse(500, "internal_error", "the request failed", "the daemon's log says why")


def refuse(status: int, code: str, message: str, hint: str) -> web.Response:
    """Return an error as every door tells it: JSON with what is wrong and what to do."""
    headers = {hdrs.WWW_AUTHENTICATE: "Bearer"} if status == 401 else {}
    body = {"error": {"code": code, "message": message, "hint": hint}}
    return web.json_response(body, status=status, headers=headers)


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
