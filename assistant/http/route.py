"""What a door serves, as values: the application, its checks and its description are made from them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import msgspec
from aiohttp import hdrs, web

from assistant.access import Scope
from assistant.http.problem import Problem, misfit, plain
from assistant.models.waiting import ASKER

__all__ = [
    "ARRIVING",
    "Answer",
    "Arriving",
    "FileForm",
    "JsonObject",
    "Route",
    "decoded",
    "json_answer",
    "read",
    "served",
]

FieldsT = TypeVar("FieldsT", bound=msgspec.Struct)

Answer = Callable[..., Awaitable[web.StreamResponse]]
"""Answers a request; its docstring describes the route.

It takes the request, then what its query holds and its JSON body, where the route has such and does not read it itself.
"""

JsonObject = dict[str, Any]
"""Type of a JSON answer whose keys docs/http.md tells, or another program's documentation."""

_ARRIVAL = 60.0
"""Seconds in which a body must have come."""
_SILENCE = 10.0
"""Seconds for which nothing of it may come; what comes meanwhile is none of it, such as trailers without end."""


_ALL = 200_000_000
"""Bytes of all bodies that are still coming; beyond them only small ones are taken, and one of each key."""
_SMALL = 100_000
"""Bytes of a small one."""


@dataclass(slots=True)
class Arriving:
    """The bodies that are still coming to an application."""

    sizes: Counter[str] = field(default_factory=Counter)
    """Bytes of them that are there, by the names of the keys with which they are sent."""


ARRIVING = web.AppKey("arriving", Arriving)
"""Where an application keeps count of them."""


@dataclass(frozen=True, slots=True)
class FileForm(Generic[FieldsT]):
    """A form with a file in it (`multipart/form-data`), as a door takes it."""

    file: str
    """Field of the file."""
    most: int
    """Bytes of the file."""
    fields: type[FieldsT]
    """Struct of the other fields."""


@dataclass(frozen=True, slots=True)
class Route:
    """Something that can be asked of a door."""

    method: str
    """`GET`, `POST`, …"""
    path: str
    """The path, with variables in braces as aiohttp has them."""
    answer: Answer
    """What answers."""
    scope: Scope | None
    """What a key must open; None for what anybody may ask."""
    takes: Any = None
    """Type of the JSON body, which is decoded and checked; None where there is none."""
    gives: Any = None
    """Type of the JSON answer; None where it is none."""
    most: int = 1_000_000
    """Bytes of the JSON body."""
    render: Callable[[Problem], web.StreamResponse] = plain
    """Tells what goes wrong as clients of this door read it."""
    hang_up: Callable[[web.Application], Awaitable[None]] | None = None
    """Ends what is being answered, because the daemon stops; None for what soon ends by itself."""
    form: FileForm[Any] | None = None
    """Form that is taken, or may come instead of JSON; the answer reads either itself, as it holds a place for it."""
    query: Any = None
    """Struct of the query's parameters, which are checked; None where none is read."""
    status: HTTPStatus = HTTPStatus.OK
    """Status of the answer where all went well."""
    media: tuple[str, ...] = ()
    """Media types of answers that are no JSON."""
    otherwise: tuple[HTTPStatus, ...] = ()
    """Statuses with which the same is answered where not all is well."""

    @property
    def bodies(self) -> dict[str, Any]:
        """What may come as a body: `takes` and `form`, by their media types."""
        bodies = {"application/json": self.takes, "multipart/form-data": self.form}
        return {media: kind for media, kind in bodies.items() if kind is not None}


def served(route: Route) -> web.RouteDef:
    """Return a route as the application takes it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        given = [] if route.query is None else [_queried(request, route.query)]
        if route.takes is not None and route.form is None:
            given.append(decoded(await read(request, route.most), route.takes))
        response = await route.answer(request, *given)
        if response.status == HTTPStatus.OK and not response.prepared:  # what is not well has told its own
            response.set_status(route.status)
        return response

    return web.RouteDef(
        route.method, route.path, answer, {"allow_head": False} if route.method == hdrs.METH_GET else {}
    )


def json_answer(value: object, status: int = HTTPStatus.OK) -> web.Response:
    """Return *value* as JSON."""
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


async def read(request: web.Request, most: int) -> bytes:
    """Return the body of a request.

    Raises Problem before more than *most* bytes of it are in memory, or more of all bodies than there is room for.
    """
    sizes, asker = request.config_dict[ARRIVING].sizes, ASKER.get()
    if (request.content_length or 0) > most:
        raise _too_large(most)
    data, loop = bytearray(), asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_ARRIVAL), asyncio.timeout(_SILENCE) as silence:
            async for piece in request.content.iter_any():
                silence.reschedule(loop.time() + _SILENCE)
                data += piece
                sizes[asker] += len(piece)
                if len(data) > most:
                    raise _too_large(most)
                if len(data) > _SMALL and sizes.total() > _ALL and sizes[asker] > len(data):
                    raise _too_many()  # who sends nothing else has room: it may be full of somebody else's
    except TimeoutError:
        message = f"the body did not come in {_ARRIVAL:g} s, or nothing of it for {_SILENCE:g} s"
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "too_slow", message) from None
    finally:
        sizes[asker] -= len(data)
        if not sizes[asker]:
            del sizes[asker]
    return bytes(data)


def _queried(request: web.Request, takes: Any) -> Any:
    """Return the query as a struct, numbers and all; of what is given twice the first counts."""
    try:
        return msgspec.convert(dict(request.query), takes, strict=False)
    except msgspec.ValidationError as error:
        raise misfit(error, hint="`/openapi.json` tells which parameters there are") from None


def _too_large(most: int) -> Problem:
    message = f"the body has more than {most} bytes"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request_entity_too_large", message, "send less at once")


def _too_many() -> Problem:
    message = "too many large bodies are coming"
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many", message, headers={hdrs.RETRY_AFTER: "5"})


def decoded(body: bytes, takes: Any) -> Any:
    """Return a JSON body as a struct; raises Problem for what does not fit."""
    try:
        return msgspec.json.decode(body, type=takes)
    except RecursionError:
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_json", "the body is nested too deeply") from None
    except msgspec.ValidationError as error:
        raise misfit(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_json", " ".join(str(error).split())) from None
