"""`/api/keys`: the named keys; make one, take one back."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Caller, Scope
from assistant.access.audit import Audit, Event
from assistant.access.keys import Key, Keys, Refused
from assistant.http.guard import caller
from assistant.http.problem import Problem
from assistant.http.route import JsonObject, Route

__all__ = ["Wanted", "create", "revoke", "routes", "shown"]

_STATUS = {"exists": 409, "too_many": 409, "unknown": 404}


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A key that is to be made."""

    name: Annotated[str, Meta(max_length=200)]
    """What it is called: up to 48 letters, digits, `-`, `_` and `.`."""
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=20)]
    """What it opens."""
    seconds: Annotated[float, Meta(gt=0, le=3.2e9)] | None = None
    """For how long; for ever by default."""


def shown(key: Key) -> dict[str, Any]:
    """Return what is known of a key as JSON; never the key, nor its digest."""
    return {
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created": key.created,
        "expires": key.expires,
        "used": key.used,
    }


async def create(keys: Keys, audit: Audit, wanted: Wanted, by: Caller) -> dict[str, Any]:
    """Make a key, and return it with what is known of it; raises Refused, ServiceError."""
    made = await keys.create(wanted.name, wanted.scopes, wanted.seconds)
    audit.record(Event.KEY_CREATED, key=wanted.name, scopes=" ".join(sorted(set(wanted.scopes))), by=by.name)
    (key,) = (key for key in keys.all() if key.name == wanted.name)
    return {**shown(key), "key": made}


async def revoke(keys: Keys, audit: Audit, name: str, by: Caller) -> None:
    """Take a key back; raises Refused, ServiceError."""
    await keys.revoke(name)
    audit.record(Event.KEY_REVOKED, key=name, by=by.name)


def routes(keys: Keys, audit: Audit) -> list[Route]:
    """Return the routes."""

    async def every(request: web.Request) -> web.Response:
        """Show the keys: names, scopes, times; never a key itself."""
        return web.json_response({"keys": [shown(key) for key in keys.all()]})

    async def make(request: web.Request, wanted: Wanted) -> web.Response:
        """Make a key, and show it, this once."""
        try:
            made = await create(keys, audit, wanted, caller(request))
        except Refused as error:
            raise _problem(error) from None
        return web.json_response(made, headers={"Cache-Control": "no-store"})

    async def take_back(request: web.Request) -> web.Response:
        """Take a key back: it opens nothing any more, and what is being answered for it ends."""
        name = request.match_info["name"]
        try:
            await revoke(keys, audit, name, caller(request))
        except Refused as error:
            raise _problem(error) from None
        return web.json_response({"revoked": name})

    return [
        Route("GET", "/api/keys", every, Scope.ADMIN, gives=JsonObject),
        Route("POST", "/api/keys", make, Scope.ADMIN, Wanted, JsonObject, status=HTTPStatus.CREATED),
        Route("DELETE", "/api/keys/{name}", take_back, Scope.ADMIN, gives=JsonObject),
    ]


def _problem(error: Refused) -> Problem:
    return Problem(_STATUS.get(error.why, 400), error.why, str(error), error.hint)
