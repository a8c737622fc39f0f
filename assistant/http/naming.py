"""Models in the path: `/models/NAME/v1/…` serves what `/v1/…` does, whatever model the body names."""

from collections.abc import Iterable
from dataclasses import replace

from aiohttp import web

from assistant.http.route import Route

__all__ = ["model_of", "under_names"]

_PREFIX = "/models/{model}"


def under_names(routes: Iterable[Route]) -> list[Route]:
    """Return *routes* once more, below the name of a model; their answers learn it from `model_of`."""
    return [replace(route, path=_PREFIX + route.path) for route in routes]


def model_of(request: web.Request, given: str | None) -> str:
    """Return the name of the model that a request is for: that of its path, else that of its body; it may be empty."""
    return request.match_info.get("model", given or "")
