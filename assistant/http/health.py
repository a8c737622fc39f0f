"""Is it alive, and is it ready?"""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from aiohttp import web

from assistant.http.route import JsonObject, Route

__all__ = ["routes"]

_NOT_YET = HTTPStatus.SERVICE_UNAVAILABLE


def routes(closed: Callable[[], Mapping[str, str]]) -> list[Route]:
    """Return the routes; *closed* names what is not open yet, with the reason or state of each."""

    async def healthz(request: web.Request) -> web.Response:
        """Say that the process answers, whatever the engines do."""
        return web.json_response({"status": "alive"})

    async def readyz(request: web.Request) -> web.Response:
        """Say whether everything is open, and name what is not."""
        names = dict(closed())
        body = {"status": "not ready" if names else "ready", "not_open": names}
        return web.json_response(body, status=_NOT_YET if names else HTTPStatus.OK)

    return [
        Route("GET", "/healthz", healthz, None, gives=JsonObject),
        Route("GET", "/readyz", readyz, None, gives=JsonObject, otherwise=(_NOT_YET,)),
    ]
