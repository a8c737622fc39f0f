"""`/`, `/api/version`, `/api/tags`, `/api/ps`, `/api/show`: what there is."""

import hashlib
import time
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from assistant.access import Scope
from assistant.engines import Kind
from assistant.errors import UnknownModel
from assistant.host import ModelStatus
from assistant.http.ollama.dialect import ModelName, moment, render, tagged
from assistant.http.route import JsonObject, Route
from assistant.serving import Generation

__all__ = ["routes"]

_VERSION = "0.12.11"
"""The version of Ollama whose API this is; clients compare its integers to know what they may ask."""
_YEAR = 365 * 86_400
_STARTED = time.time()


class ShowBody(msgspec.Struct, frozen=True, kw_only=True):
    """Which model is to be shown."""

    model: ModelName = ""
    """Its name."""
    name: ModelName = ""
    """Its name, as older clients send it."""


def routes(generation: Generation) -> list[Route]:
    """Return the routes."""
    route = partial(Route, scope=Scope.CHAT, gives=JsonObject, render=render)

    async def root(request: web.Request) -> web.Response:
        """Say that somebody is here."""
        return web.Response(text="Ollama is running")

    async def version(request: web.Request) -> web.Response:
        """Say whose API this is."""
        return web.json_response({"version": _VERSION})

    async def tags(request: web.Request) -> web.Response:
        """List the models, aliases included."""
        every = _every(generation)
        return web.json_response({"models": [_listed(name, model) for name, model in every.items()]})

    async def ps(request: web.Request) -> web.Response:
        """List the models that are loaded."""
        loaded = {name: model for name, model in _every(generation).items() if model.state == "open"}
        until = moment(time.time() + 100 * _YEAR)  # nothing here is unloaded by itself
        more = {"expires_at": until, "size_vram": 0}
        models = [
            _listed(name, model) | more | {"context_length": model.capabilities.context}
            for name, model in loaded.items()
        ]
        return web.json_response({"models": models})

    async def show(request: web.Request, body: ShowBody) -> web.Response:
        """Show a model."""
        wanted = body.model or body.name
        every = {tagged(name): model for name, model in _every(generation).items()}
        if (model := every.get(tagged(wanted))) is None:
            raise UnknownModel(f"model {wanted[:100]!r} not found", hint=f"there are: {', '.join(every) or 'none'}")
        return web.json_response(
            {
                "license": "",
                "modelfile": "",
                "parameters": "",
                "template": "",
                "details": _details(model),
                "model_info": {
                    "general.architecture": model.engine,
                    "general.basename": model.id,
                    f"{model.engine}.context_length": model.capabilities.context,
                },
                "capabilities": _capabilities(model),
                "modified_at": moment(_STARTED),
            }
        )

    return [
        *(route(method, "/", root, gives=None, media=("text/plain",)) for method in ("GET", "HEAD")),
        *(route(method, "/api/version", version) for method in ("GET", "HEAD")),
        *(route(method, "/api/tags", tags) for method in ("GET", "HEAD")),
        route("GET", "/api/ps", ps),
        route("POST", "/api/show", show, takes=ShowBody),
    ]


def _every(generation: Generation) -> dict[str, ModelStatus]:
    """Return what can be asked here: models that write and models that embed, as they are now."""
    now = {model.id: model for model in generation.pool.status()}
    named = generation.names.every()
    return {name: now[model.id] for name, model in named.items() if model.kind in (Kind.CHAT, Kind.EMBED)}


def _listed(name: str, model: ModelStatus) -> dict[str, Any]:
    return {
        "name": tagged(name),
        "model": tagged(name),
        "modified_at": moment(_STARTED),
        "size": model.capabilities.memory,
        "digest": hashlib.sha256(f"{model.engine}/{model.id}".encode()).hexdigest(),
        "details": _details(model),
    }


def _details(model: ModelStatus) -> dict[str, Any]:
    millions = model.capabilities.rank
    return {
        "parent_model": "",
        "format": "gguf" if model.engine == "llama-cpp" else model.engine,
        "family": model.engine,
        "families": [model.engine],
        "parameter_size": f"{millions}M" if millions else "",
        "quantization_level": "",
    }


def _capabilities(model: ModelStatus) -> list[str]:
    if model.kind is Kind.EMBED:
        return ["embedding"]
    can = model.capabilities
    return ["completion", *(["tools"] if can.tools else []), *(["vision"] if "image" in can.inputs else [])]
