"""`/api/pull` and `/api/delete`: fetch models of the catalogue, and delete them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial

import msgspec
from aiohttp import web

from assistant.access import Scope
from assistant.errors import AssistantError, EngineBusy, UnknownModel
from assistant.http.guard import about
from assistant.http.ollama.dialect import ModelName, fault, line, render
from assistant.http.problem import Problem
from assistant.http.route import JsonObject, Route
from assistant.http.streaming import LINES, stream
from assistant.models.references import wanted
from assistant.models.store import Progress, Store
from assistant.serving import Generation

__all__ = ["routes"]

_STEPS = 64
"""Steps of a download that a slow reader may be behind; it misses the others."""


class PullBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `/api/pull` and `/api/delete`."""

    model: ModelName = ""
    """Name of the model: an id of the catalogue, or of the configuration."""
    name: ModelName = ""
    """The same, as older clients send it."""
    stream: bool | None = True
    """Whether steps are told as they are made."""

    @property
    def wanted(self) -> str:
        """Return the name without its tag."""
        return (self.model or self.name).removesuffix(":latest")


def routes(generation: Generation, store: Store) -> list[Route]:
    """Return the routes."""
    route = partial(Route, scope=Scope.MODELS, render=render, takes=PullBody, gives=JsonObject)

    async def pull(request: web.Request, body: PullBody) -> web.StreamResponse:
        """Fetch a model; what is here is left as it is."""
        about(request, body.wanted)
        if body.wanted not in store.catalogue.models and body.wanted not in generation.names.every():
            raise UnknownModel("pull model manifest: file does not exist", hint="see `assistant models list`")
        missing = [body.wanted] if body.wanted in store.catalogue.models else []
        if body.stream is not False:
            return await stream(request, LINES, _steps(store, missing))
        await store.pull(missing)
        return web.json_response({"status": "success"})

    async def delete(request: web.Request, body: PullBody) -> web.Response:
        """Delete the files of a model that the configuration does not name."""
        about(request, body.wanted)
        if body.wanted in generation.names.every():
            raise Problem(400, "in_use", "the configuration names this model", "take it out there first")
        if body.wanted not in store.catalogue.models or not store.is_here(body.wanted):
            raise UnknownModel(f"model {body.wanted[:100]!r} not found", hint="see `assistant models list`")
        if any(body.wanted in wanted(model.config, store.catalogue) for model in generation.pool.models()):
            raise EngineBusy("an engine of the configuration uses this model", hint="configure another one first")
        await store.remove(body.wanted)
        return web.json_response({})

    return [route("POST", "/api/pull", pull, media=(LINES,)), route("DELETE", "/api/delete", delete)]


async def _steps(store: Store, missing: list[str]) -> AsyncGenerator[bytes, None]:
    """Yield how far the download has come; whoever leaves ends it, and what has come is kept."""
    steps: asyncio.Queue[Progress | None] = asyncio.Queue(_STEPS)

    def report(step: Progress) -> None:
        with suppress(asyncio.QueueFull):
            steps.put_nowait(step)

    async def fetch() -> None:
        try:
            await store.pull(missing, report)
        finally:
            if steps.full():  # nobody may read any more, and then there never is room
                steps.get_nowait()
            steps.put_nowait(None)

    yield line(status="pulling manifest")
    task = asyncio.create_task(fetch(), name="pull for a program")
    try:
        while (step := await steps.get()) is not None:
            digest = f"sha256:{store.catalogue[step.model].files[0].sha256}"
            yield line(status=f"pulling {step.model}", digest=digest, total=step.total, completed=step.done)
        await task
        yield line(status="success")
    except AssistantError as error:
        yield line(error=fault(error))
    finally:
        task.cancel()
        await asyncio.wait({task})
        _ = task.cancelled() or task.exception()  # nobody is left to be told
