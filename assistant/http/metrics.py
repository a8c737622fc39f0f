"""`/metrics`: numbers of how it all goes, as Prometheus reads them, and the count of the requests among them."""

import time
from collections.abc import Callable, Iterable, Iterator

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from assistant.access import Scope
from assistant.http.route import Route
from assistant.metrics import Counts, Family, Histogram, Sample, text
from assistant.metrics.exposition import CONTENT_TYPE

__all__ = ["REQUESTS", "Requests", "routes"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Bounds: from what needs no model to a long reply."""
_LEFT = "499"
"""Status of a request whose asker left before the end of the answer, as nginx has it."""
_OTHER = "other"
"""What stands for a method or a path that is not known here: whoever asks makes it up."""


class Requests:
    """Count requests by what was asked for, never by what the asker has put into it."""

    def __init__(self) -> None:
        self._now = 0
        self._all = Counts("inglenook_http_requests_total", "Requests answered.", "method", "route", "status")
        self._seconds = Histogram(
            "inglenook_http_request_seconds", "Seconds to the end of the answer.", _SECONDS, "method", "route"
        )

    def middleware(self) -> Middleware:
        """Return the middleware, which stands before all others."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            began, status = time.perf_counter(), _LEFT
            self._now += 1
            try:
                response = await handler(request)
                status = str(response.status)
                return response
            finally:
                self._now -= 1
                method, route = _asked(request)
                self._all.add(method, route, status)
                self._seconds.observe(time.perf_counter() - began, method, route)

        return middleware

    def families(self) -> Iterator[Family]:
        """Yield what was counted."""
        yield self._all.family()
        yield self._seconds.family()
        told = "Requests that are being answered, streams and sockets too."
        yield Family("inglenook_http_requests_in_flight", "gauge", told, [Sample(self._now)])


REQUESTS = web.AppKey("requests", Requests)
"""Where an application counts them."""


def routes(families: Callable[[], Iterable[Family]]) -> list[Route]:
    """Return the route; *families* are the numbers beside those of the requests."""

    async def metrics(request: web.Request) -> web.Response:
        """Tell how it all goes in numbers, in the text format of Prometheus."""
        numbers = text([*families(), *request.config_dict[REQUESTS].families()])
        body = numbers.encode(errors="replace")  # a server may have a model of any name
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE})

    return [Route("GET", "/metrics", metrics, Scope.METRICS, media=("text/plain",))]


def _asked(request: web.Request) -> tuple[str, str]:
    """Return the method and the route of a request, as the application has them."""
    resource = request.match_info.route.resource
    if resource is None:
        return _OTHER, _OTHER
    return request.method if request.method in hdrs.METH_ALL else _OTHER, resource.canonical
