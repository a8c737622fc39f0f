"""`/api/history`: forget what was said."""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.http.route import Route, json_answer
from assistant.state.forgetting import Forgotten

__all__ = ["routes"]


class Meant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be forgotten. A `person` that is misspelled must not mean everybody."""

    seconds: Annotated[float, Meta(ge=0)] | Literal["all"]
    """What was said in so many seconds until now, or everything."""
    person: Annotated[str, Meta(min_length=1, max_length=200)] = ""
    """Who said it; everybody where it is left out."""


def routes(forget: Callable[[float, str], Awaitable[Forgotten]]) -> list[Route]:
    """Return the route; *forget* deletes everything from a moment on, in seconds since the epoch, or a person's."""

    async def delete(request: web.Request, meant: Meant) -> web.Response:
        """Forget what was said in the last `seconds`, or everything where that is `all`, and of one `person` where it
        is given; answers what was deleted.
        """
        since = 0.0 if meant.seconds == "all" else max(0.0, time.time() - meant.seconds)
        forgotten = await forget(since, meant.person)
        return json_answer(forgotten)

    return [Route("DELETE", "/api/history", delete, Scope.ADMIN, gives=Forgotten, query=Meant)]
