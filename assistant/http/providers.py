"""`/api/providers`: other servers of models, and how well they answer."""

from dataclasses import asdict
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from assistant.access import Scope
from assistant.http.route import Route, json_answer
from assistant.providers.watch import Providers

__all__ = ["routes"]


class ProviderBody(msgspec.Struct, frozen=True, kw_only=True):
    """A server, its models, and how its replies went."""

    name: str
    type: str
    endpoint: str
    state: str
    reason: str
    models: tuple[str, ...]
    p50: float | None
    p95: float | None
    pace: float | None
    replies: int
    failures: int
    working: int
    waiting: int
    resting: tuple[str, ...]


class ProvidersBody(msgspec.Struct, frozen=True, kw_only=True):
    """Every server."""

    providers: list[ProviderBody]


def routes(servers: Providers) -> list[Route]:
    """Return the route."""
    return [Route("GET", "/api/providers", partial(_every, servers), Scope.CHAT, gives=ProvidersBody)]


async def _every(servers: Providers, request: web.Request) -> web.Response:
    """Show every other server of models, and how its replies went."""
    shown = [_shown(servers, asdict(status)) for status in servers.status()]
    return json_answer(ProvidersBody(providers=shown))


def _shown(servers: Providers, status: dict[str, Any]) -> ProviderBody:
    return ProviderBody(**status, **asdict(servers.figures(status["name"])))
