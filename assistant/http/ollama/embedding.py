"""`/api/embed` and `/api/embeddings`: vectors of texts."""

import time
from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.http.ollama.dialect import KeepAlive, render
from assistant.http.route import Route
from assistant.serving import Embedding

__all__ = ["routes"]


class EmbedBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `/api/embed`."""

    model: str
    """Name of the model."""
    input: str | Annotated[tuple[str, ...], Meta(max_length=512)] = ()
    """One text, or several."""
    keep_alive: KeepAlive = None
    """Means nothing here."""


class EmbeddingsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `/api/embeddings`."""

    model: str
    """Name of the model."""
    prompt: str = ""
    """The text."""
    keep_alive: KeepAlive = None
    """Means nothing here."""


def routes(embedding: Embedding) -> list[Route]:
    """Return the routes."""
    route = partial(Route, scope=Scope.CHAT, render=render)

    async def vectors(name: str, texts: tuple[str, ...]) -> list[list[float]]:
        found = await embedding.vectors(embedding.named(name), texts)
        return [[float(number) for number in vector] for vector in found]

    async def embed(request: web.Request, body: EmbedBody) -> web.Response:
        """Return a vector for each text."""
        began = time.monotonic_ns()
        texts = (body.input,) if isinstance(body.input, str) else body.input
        found = await vectors(body.model, texts)
        spans = {"total_duration": time.monotonic_ns() - began, "load_duration": 0}
        return web.json_response({"model": body.model, "embeddings": found, **spans})

    async def embeddings(request: web.Request, body: EmbeddingsBody) -> web.Response:
        """Return the vector of a text, as older clients ask for it."""
        found = await vectors(body.model, (body.prompt,) if body.prompt else ())
        return web.json_response({"embedding": found[0] if found else []})

    return [
        route("POST", "/api/embed", embed, takes=EmbedBody),
        route("POST", "/api/embeddings", embeddings, takes=EmbeddingsBody),
    ]
