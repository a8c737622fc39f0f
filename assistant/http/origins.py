"""Where a request comes from and whom it is meant for: hosts, other sites' pages (https://fetch.spec.whatwg.org/)."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from assistant.config.doors import HttpConfig
from assistant.http.peer import is_loopback
from assistant.http.problem import Problem
from assistant.http.request_id import HEADER as REQUEST_ID
from assistant.lan.identity import host_name, instance_id

__all__ = ["Origins"]

_HOST = re.compile(r"(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([\w.-]+))(?::\d*)?", re.ASCII | re.IGNORECASE)
"""A Host header: an IPv6 address in brackets or a name or IPv4 address, and perhaps a port (RFC 9110, section 7.2)."""
_TOKENS = re.compile(r"[\w-]+(?:\s*,\s*[\w-]+){0,63}", re.ASCII)
"""Names of headers or a method, with commas."""
_REMEMBERED = "600"
"""Seconds for which a browser may remember what it is allowed."""


class Origins:
    """The names by which this machine is called, and the sites whose pages may ask."""

    def __init__(self, config: HttpConfig) -> None:
        own = socket.gethostname().partition(".")[0].lower()
        self._names = {name.lower() for name in config.hosts} | {own, f"{own}.local"}
        if not is_loopback(config.host):
            self._names.add(host_name(instance_id()))
        self._sites = {origin.lower() for origin in config.origins}

    def check(self, request: web.Request) -> None:
        """Raise Problem for a request to an unknown host, or of a page of a site that may not ask.

        Both on loopback too: a web page that a browser here shows could otherwise reach the daemon by DNS rebinding.
        """
        host = request.headers.get(hdrs.HOST, "")
        if not _is_known(_host(host), self._names):
            raise Problem(421, "unknown_host", "this host name is not known here", "add it to http.hosts")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not _same_place(origin, host) and not self.allows(request):
            raise Problem(
                403, "foreign_origin", "requests of other sites are refused", "http.origins lists those that may"
            )

    def allows(self, request: web.Request) -> bool:
        """Tell whether a request is of a page of one of the sites."""
        return request.headers.get(hdrs.ORIGIN, "").lower() in self._sites

    def preflight(self, request: web.Request) -> web.Response | None:
        """Return the answer to a browser that asks what a page of one of the sites may do; None for anything else."""
        wanted = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_METHOD, "")
        if request.method != hdrs.METH_OPTIONS or not self.allows(request) or not _TOKENS.fullmatch(wanted):
            return None
        headers: dict[str, str] = {hdrs.ACCESS_CONTROL_ALLOW_METHODS: wanted, hdrs.ACCESS_CONTROL_MAX_AGE: _REMEMBERED}
        names = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "")
        if _TOKENS.fullmatch(names):
            headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = names
        if "Access-Control-Request-Private-Network" in request.headers:
            headers["Access-Control-Allow-Private-Network"] = "true"
        return web.Response(status=204, headers=headers)

    async def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let a page of one of the sites read the answer; cookies are none of it, for a key is shown by header only."""
        if self.allows(request):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[hdrs.ORIGIN]
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = f"{hdrs.RETRY_AFTER}, {REQUEST_ID}"
        if self._sites:
            response.headers.add(hdrs.VARY, hdrs.ORIGIN)


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
