"""Who may ask what: the checks that every request passes before anything else looks at it."""

import asyncio
import logging
import re
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from assistant.access import Caller, Scope
from assistant.access.audit import Audit, Event
from assistant.access.backoff import Backoff
from assistant.access.caller import OWNER_KEY
from assistant.access.limits import Limits
from assistant.access.needs import scope_of
from assistant.config.doors import HttpConfig
from assistant.errors import AssistantError, ConfigError
from assistant.http.origins import Origins
from assistant.http.peer import address, from_here, is_loopback
from assistant.http.problem import Problem, plain, problem_of
from assistant.http.route import Route
from assistant.models.waiting import ASKER

__all__ = [
    "Guard",
    "Identify",
    "Present",
    "Routes",
    "about",
    "caller",
    "check_bind",
    "errors",
    "is_loopback",
    "needs",
    "spend",
]

log = logging.getLogger(__name__)

Routes = Mapping[tuple[str, str], Route]
"""The core's routes by method and path."""
Identify = Callable[[str], Caller | None]
"""Says whose key it is; None where it is nobody's. Must not wait for anything."""


@dataclass(frozen=True, slots=True)
class _Purse:
    """How often somebody may still ask."""

    limits: Limits
    """How often anybody may."""
    whose: tuple[str, ...]
    """The buckets that count; none for whoever may ask as often as they like."""

    def spend(self, scope: Scope, count: int = 1, *, beside: int = 0) -> None:
        """Take tokens of them all; raises Problem where there are too few."""
        if wait := self.limits.take(scope, self.whose, count, beside=beside):
            raise _later(wait, "too_many_requests", f"too many requests for {scope}")


_CALLER = web.RequestKey("caller", Caller)
_PURSE = web.RequestKey("purse", _Purse)
_ABOUT = web.RequestKey("about", str)
_CHANGED = web.RequestKey("changed", bool)
_OF_A_BROWSER = (hdrs.ORIGIN, "Sec-Fetch-Site")
"""Headers that only browsers send, and no page can leave out (https://w3c.github.io/webappsec-fetch-metadata/)."""
_CHANGING = frozenset({Scope.MODELS, Scope.ADMIN})
"""Scopes of which each use that is no mere look is told in the audit log."""


def check_bind(config: HttpConfig) -> None:
    """Raise ConfigError where the HTTP door would be open to the network without a key."""
    if not is_loopback(config.host) and not config.key:
        raise ConfigError(
            f"http.host: {config.host} is reachable from the network, and http.key is not set",
            hint="set http.key (for example from a file: ${file:/etc/inglenook/key}), or listen on 127.0.0.1",
        )


class Present:
    """Whose requests are being answered, so that a key that is taken back opens nothing any more, streams included."""

    def __init__(self) -> None:
        self._connections = defaultdict[str, set[asyncio.Transport]](set)

    @contextmanager
    def of(self, caller: Caller, request: web.Request) -> Generator[None, None, None]:
        """Count a connection among those of a key until its request is answered, or until the key expires."""
        if (connection := request.transport) is None:
            yield  # the asker has left, and what answers is being cancelled
            return
        self._connections[caller.name].add(connection)
        expiry = None
        if caller.expires is not None:
            left = caller.expires - time.time()
            expiry = asyncio.get_running_loop().call_later(left, connection.abort)
        try:
            yield
        finally:
            self._connections[caller.name].discard(connection)
            if not self._connections[caller.name]:
                del self._connections[caller.name]
            if expiry is not None:
                expiry.cancel()

    def hang_up(self, name: str) -> None:
        """End all that is being answered for a key: streams, sockets, and the work for them."""
        for connection in self._connections.get(name, ()):
            connection.abort()  # which cancels what answers


@dataclass(frozen=True, slots=True)
class Guard:
    """The guard before the routes."""

    origins: Origins
    """Which hosts and sites are known."""
    routes: Routes
    """What a route needs. What is not among these (a plugin's own, or nothing at all) needs what its mark says, or else
    a key that opens everything."""
    identify: Identify
    """Whose key it is."""
    backoff: Backoff
    """Who has shown wrong keys."""
    limits: Limits
    """How often somebody may ask."""
    audit: Audit
    """Who is told of keys."""
    present: Present = field(default_factory=Present)
    """Whose requests are being answered."""

    def middleware(self) -> Middleware:
        """Return the middleware: host and origin, key, limits, scope, form of the body, in this order."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.origins.check(request)
            if (leave := self.origins.preflight(request)) is not None:
                return leave
            route = _route(request, self.routes)
            if route is not None and route.scope is None:
                return await handler(request)
            caller = self._admitted(request, route)
            ASKER.set(caller.name)  # the next request of this connection may have another key
            _check_body(request, route)
            with self.present.of(caller, request):
                return await self._told(caller, route, request, handler)

        return middleware

    def _admitted(self, request: web.Request, route: Route | None) -> Caller:
        """Return who asks; raises Problem where that is nobody, or somebody who may not, or not so often."""
        where = address(request.transport and request.transport.get_extra_info("peername"))
        caller = self._known(request, where)
        scope = route.scope if route and route.scope else scope_of(request.match_info.handler)
        asked = {"key": caller.name, "address": where, "route": _named(request)}
        whose = (f"key {caller.name}", *(() if is_loopback(where) else (where,)))  # many programs share this machine's
        purse = _Purse(self.limits, () if _is_owner_here(caller, request) else whose)
        purse.spend(scope)
        if not caller.may(scope) and request.match_info.http_exception is None:
            self.audit.seldom(Event.KEY_REFUSED, ("key", "address"), **asked, reason="scope")
            raise Problem(403, "no_scope", f"the key {caller.name!r} does not open this: it needs the scope {scope}")
        self.audit.seldom(Event.KEY_USED, ("key", "address"), **asked, scope=scope)
        request[_CALLER], request[_PURSE] = caller, purse
        return caller

    def _known(self, request: web.Request, where: str) -> Caller:
        """Return who asks; raises Problem where that is nobody, or comes from where too many wrong keys came from."""
        given = _bearer(request)
        caller = self.identify(given) if given else None
        if (wait := self.backoff.wait(where)) and not _is_owner_here(caller, request):
            raise _later(wait, "backed_off", "too many wrong keys came from this address")
        if caller is not None:
            return caller
        if given:
            self.audit.seldom(Event.KEY_REFUSED, ("address",), address=where, route=_named(request), reason="wrong")
            if self.backoff.wrong(where):
                log.warning("too many wrong keys from %s: it has to wait", where)
            raise Problem(401, "no_key", "nobody here has this key", "`assistant keys list` names those there are")
        raise Problem(401, "no_key", "this needs the key", "send `Authorization: Bearer KEY`")

    async def _told(
        self, caller: Caller, route: Route | None, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Answer, and tell the audit log of what may have changed something that matters to all."""
        if route is None or request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
            return await handler(request)
        request[_CHANGED] = route.scope in _CHANGING
        outcome = "failed"
        try:
            response = await handler(request)
            outcome = "ok" if response.status < 400 else "refused"
            return response
        except (Problem, web.HTTPException):
            outcome = "refused"
            raise
        finally:
            if request[_CHANGED]:
                what = request.get(_ABOUT) or " ".join(request.match_info.values())
                event = Event.ADMINISTERED
                self.audit.record(event, key=caller.name, route=_named(request), what=what, outcome=outcome)


def caller(request: web.Request) -> Caller:
    """Return who asks; raises KeyError on a route that anybody may ask."""
    return request[_CALLER]


def needs(request: web.Request, scope: Scope) -> None:
    """Raise Problem where the key of a request does not open *scope*, which only some requests of a route need."""
    who = caller(request)
    if scope in _CHANGING:
        request[_CHANGED] = True
    if not who.may(scope):
        message = f"the key {who.name!r} does not open this: it needs the scope {scope}"
        raise Problem(403, "no_scope", message)


def spend(request: web.Request, scope: Scope, count: int = 1, *, beside: int = 0) -> None:
    """Let *count* things that a request asks for count as so many requests more.

    Raises Problem, and lets none count, where there may not be so many, *beside* those that have been counted for it.
    """
    request[_PURSE].spend(scope, count, beside=beside)


def about(request: web.Request, what: str) -> None:
    """Say which model or other thing a request is about, for the audit log, where its path does not tell."""
    request[_ABOUT] = what


def _is_owner_here(caller: Caller | None, request: web.Request) -> bool:
    return caller is OWNER_KEY and from_here(request)


def _check_body(request: web.Request, route: Route | None) -> None:
    """Raise Problem for a body that is packed, and for one of a page in a browser that a route with JSON does not take.

    A little of what is packed may be very much. And a page of any site may send a form or plain text without asking
    anybody first, but never JSON.
    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise Problem(415, "packed", "a packed body is not read", "send it without Content-Encoding")
    if route is None or route.takes is None or not any(name in request.headers for name in _OF_A_BROWSER):
        return
    if request.content_type not in route.bodies:
        said = f"a page must send JSON, not {request.content_type}"
        raise Problem(415, "not_json", said, "send `Content-Type: application/json`")


def _later(wait: int, code: str, message: str) -> Problem:
    return Problem(429, code, message, f"try again in {wait} s", headers={hdrs.RETRY_AFTER: str(wait)})


def _route(request: web.Request, routes: Routes) -> Route | None:
    resource = request.match_info.route.resource
    return None if resource is None else routes.get((request.method, resource.canonical))


def _named(request: web.Request) -> str:
    """Return what is asked for without what the asker has put into the path."""
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical}" if resource is not None else "nothing that there is"


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
            log.exception("%s %s failed", request.method, request.rel_url.raw_path)  # as sent: it ends no line
            problem = Problem(500, "internal_error", "the request failed", "the daemon's log says why")
        route = _route(request, routes)
        return (route.render if route else plain)(problem)

    return middleware


def _of_aiohttp(error: web.HTTPException) -> Problem:
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__.removeprefix("HTTP")).lower()
    kept = (hdrs.ALLOW, hdrs.LOCATION, hdrs.RETRY_AFTER)
    headers = {str(name): error.headers[name] for name in kept if name in error.headers}
    return Problem(error.status, code, error.reason, headers=headers)


def _bearer(request: web.Request) -> str:
    kind, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""
