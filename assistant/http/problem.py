"""What went wrong with a request: raised anywhere in a door, rendered in the door's own dialect at its edge."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import hdrs, web

from assistant.errors import (
    AssistantError,
    AudioError,
    AudioTooLong,
    EngineBusy,
    EngineTimeout,
    EngineUnavailable,
    ImageError,
    ImageTooLarge,
    UnfitModel,
    UnfitRequest,
    UnknownAudio,
    UnknownImage,
    UnknownModel,
)

__all__ = ["Problem", "misfit", "plain", "problem_of"]


class Problem(Exception):
    """A request cannot be served."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        *,
        key: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status."""
        self.code = code
        """Its machine-readable name, e.g. `no_key`."""
        self.hint = hint
        """What to do about it; may be empty."""
        self.key = key
        """The key of the body that it is about; may be empty."""
        self.headers = dict(headers or {})
        """Headers of the answer, such as `Retry-After`."""
        if status == HTTPStatus.UNAUTHORIZED:
            self.headers.setdefault(hdrs.WWW_AUTHENTICATE, "Bearer")


def misfit(error: msgspec.ValidationError, code: str = "bad_request", hint: str = "") -> Problem:
    """Return what it means for a request that a value of it is not what it is to be."""
    message, _, where = str(error).partition(" - at `$")
    key = where.rstrip("`").removeprefix(".")
    return Problem(HTTPStatus.BAD_REQUEST, code, f"{key}: {message}" if key else message, hint, key=key)


def plain(problem: Problem) -> web.Response:
    """Render a problem as our own doors do."""
    body = {"error": {"code": problem.code, "message": str(problem), "hint": problem.hint}}
    return web.json_response(body, status=problem.status, headers=problem.headers)


_STATUS: tuple[tuple[type[AssistantError], HTTPStatus], ...] = (
    (ImageTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnknownImage, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (ImageError, HTTPStatus.BAD_REQUEST),
    (AudioTooLong, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnknownAudio, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (AudioError, HTTPStatus.BAD_REQUEST),
    (UnfitRequest, HTTPStatus.BAD_REQUEST),
    (UnknownModel, HTTPStatus.NOT_FOUND),
    (UnfitModel, HTTPStatus.BAD_REQUEST),
    (EngineBusy, HTTPStatus.TOO_MANY_REQUESTS),
    (EngineUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (EngineTimeout, HTTPStatus.SERVICE_UNAVAILABLE),
    (AssistantError, HTTPStatus.INTERNAL_SERVER_ERROR),
)
"""The first that fits counts."""


_RETRY = "5"
"""Seconds after which it may be worth another try."""


def problem_of(error: AssistantError) -> Problem:
    """Return what an error means for the request in which it came up."""
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    later = status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    headers = {"Retry-After": _RETRY} if later else {}
    return Problem(status, error.code, str(error), error.hint, headers=headers)
