"""`/api/providers`: other servers of models, and how well they answer."""

from functools import partial

import msgspec
from aiohttp import web

from assistant.access import Scope
from assistant.http.route import Route, json_answer
from assistant.providers.figures import Figures
from assistant.providers.watch import Providers

__all__ = ["routes"]


class ProvidersBody(msgspec.Struct, frozen=True, kw_only=True):
    """Every server."""

    providers: list[Figures]


def routes(servers: Providers) -> list[Route]:
    """Return the route."""
    return [Route("GET", "/api/providers", partial(_every, servers), Scope.CHAT, gives=ProvidersBody)]


async def _every(servers: Providers, request: web.Request) -> web.Response:
    """Show every other server of models, and how its replies went."""
    return json_answer(ProvidersBody(providers=list(servers.figures())))
