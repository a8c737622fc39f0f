"""Hand a request of aiohttp to an ASGI application (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from aiohttp import web

__all__ = ["respond"]

Message = MutableMapping[str, Any]
Application = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_ARRIVAL = 10.0
"""Seconds in which a body must have come: a message of a program, never a file."""


async def respond(application: Application, request: web.Request, most: int) -> web.StreamResponse:
    """Return what *application* answers to *request*, whose body has *most* bytes at most."""
    body = await _body(request, most)
    response: web.StreamResponse | None = None
    received = False

    async def receive() -> Message:
        nonlocal received
        if received:
            await asyncio.Event().wait()  # a client that leaves cancels the handler
        received = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal response
        if message["type"] == "http.response.start":
            response = web.StreamResponse(status=message["status"])
            for name, value in message.get("headers", ()):
                if name.lower() != b"content-length":
                    response.headers.add(name.decode("latin-1"), value.decode("latin-1"))
            await response.prepare(request)
        elif response is not None:
            await response.write(message.get("body", b""))

    await application(_scope(request), receive, send)
    if response is None:
        raise web.HTTPInternalServerError(reason="there was no answer")
    await response.write_eof()
    return response


async def _body(request: web.Request, most: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_ARRIVAL):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > most:
                    raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(body)


def _scope(request: web.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.raw_path.partition("?")[0].encode(),
        "query_string": request.query_string.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": None,
        "server": None,
        "state": {},
    }
