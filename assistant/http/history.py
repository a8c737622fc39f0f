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


def routes(forget: Callable[[float], Awaitable[Forgotten]]) -> list[Route]:
    """Return the route; *forget* deletes everything from a moment on, in seconds since the epoch."""

    async def delete(request: web.Request) -> web.Response:
        """Forget what was said in the last `seconds`, or everything where that is `all`; answers what was deleted."""
        given = request.query.get("seconds", "")
        try:
            seconds = math.inf if given == "all" else float(given)
        except ValueError:
            raise _bad() from None
        if not seconds >= 0:
            raise _bad()
        forgotten = await forget(0.0 if math.isinf(seconds) else time.time() - seconds)
        return web.json_response(msgspec.to_builtins(forgotten))

    return [Route("DELETE", "/api/history", delete, Scope.ADMIN)]


def _bad() -> Problem:
    return Problem(400, "bad_request", "give seconds=NUMBER or seconds=all", key="seconds")
