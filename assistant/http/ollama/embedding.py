"""`/api/embed` and `/api/embeddings`: vectors of texts."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.http.ollama.dialect import KeepAlive, ModelName, render
from assistant.http.ollama.leaving import leave
from assistant.http.problem import Problem
from assistant.http.route import JsonObject, Route, json_answer
from assistant.serving import Embedding

__all__ = ["routes"]


class EmbedBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `/api/embed`."""

    model: ModelName
    """Name of the model."""
    input: str | Annotated[tuple[str, ...], Meta(max_length=512)] = ()
    """One text, or several."""
    truncate: bool | None = True
    """Whether a text that is too long for the model is cut, or refused."""
    dimensions: Annotated[int, Meta(ge=1, le=65_536)] | None = None
    """Only as many as the model's vectors have."""
    keep_alive: KeepAlive = None
    """0 unloads the model afterwards."""


class EmbeddingsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `/api/embeddings`."""

    model: ModelName
    """Name of the model."""
    prompt: str = ""
    """The text."""
    keep_alive: KeepAlive = None
    """0 unloads the model afterwards."""


def routes(embedding: Embedding) -> list[Route]:
    """Return the routes."""
    route = partial(Route, scope=Scope.CHAT, gives=JsonObject, render=render)

    async def vectors(
        request: web.Request, body: EmbedBody | EmbeddingsBody, texts: tuple[str, ...], *, whole: bool = False
    ) -> list[Sequence[float]]:
        named = embedding.named(body.model)
        found: list[Sequence[float]] = [list(vector) for vector in await embedding.vectors(named, texts, whole=whole)]
        await leave(request, embedding.pool, named, body.keep_alive)
        return found

    async def embed(request: web.Request, body: EmbedBody) -> web.Response:
        """Return a vector for each text."""
        began = time.monotonic_ns()
        texts = (body.input,) if isinstance(body.input, str) else body.input
        found = await vectors(request, body, texts, whole=body.truncate is False)
        if found and body.dimensions not in (None, size := len(found[0])):
            raise Problem(400, "unsupported", f"dimensions: the model has {size}, no fewer", key="dimensions")
        spans = {"total_duration": time.monotonic_ns() - began, "load_duration": 0}
        return json_answer({"model": body.model, "embeddings": found, **spans})

    async def embeddings(request: web.Request, body: EmbeddingsBody) -> web.Response:
        """Return the vector of a text, as older clients ask for it."""
        found = await vectors(request, body, (body.prompt,) if body.prompt else ())
        return json_answer({"embedding": found[0] if found else []})

    return [
        route("POST", "/api/embed", embed, takes=EmbedBody),
        route("POST", "/api/embeddings", embeddings, takes=EmbeddingsBody),
    ]
