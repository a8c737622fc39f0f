"""The id of a request, `X-Request-Id`: one that the asker brought, or a new one, and the same on the answer."""

import re
import uuid

from aiohttp import web
from aiohttp.typedefs import Handler

from assistant.models.waiting import REQUEST

__all__ = ["HEADER", "identified", "mark"]

HEADER = "X-Request-Id"
"""What asker, proxies and servers call it; OpenAI's clients show it as `_request_id`."""

_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


@web.middleware
async def identified(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, by which its place in a queue is told."""
    brought = request.headers.get(HEADER, "")
    REQUEST.set(brought if _ID.fullmatch(brought) else uuid.uuid4().hex)  # the next of this connection has its own
    return await handler(request)


async def mark(request: web.Request, response: web.StreamResponse) -> None:
    """Tell it with the answer."""
    response.headers[HEADER] = REQUEST.get()
