"""`/api/history`: forget what was said."""

import math
import time
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from assistant.access import Scope
from assistant.http.problem import Problem
from assistant.http.route import Route
from assistant.state.forgetting import Forgotten

__all__ = ["routes"]

_LONGEST = 200
"""Characters of a person's name."""


def routes(forget: Callable[[float, str], Awaitable[Forgotten]]) -> list[Route]:
    """Return the route; *forget* deletes everything from a moment on, in seconds since the epoch, or a person's."""

    async def delete(request: web.Request) -> web.Response:
        """Forget what was said in the last `seconds`, or everything where that is `all`, and of one `person` where it
        is given; answers what was deleted.
        """
        given, person = request.query.get("seconds", ""), request.query.get("person", "")
        try:
            seconds = math.inf if given == "all" else float(given)
        except ValueError:
            raise _bad() from None
        if not seconds >= 0:
            raise _bad()
        if "person" in request.query and not 0 < len(person) <= _LONGEST:
            raise Problem(400, "bad_request", "give the name of a person, or leave it out", key="person")
        forgotten = await forget(0.0 if math.isinf(seconds) else time.time() - seconds, person)
        return web.json_response(msgspec.to_builtins(forgotten))

    return [Route("DELETE", "/api/history", delete, Scope.ADMIN)]


def _bad() -> Problem:
    return Problem(400, "bad_request", "give seconds=NUMBER or seconds=all", key="seconds")
