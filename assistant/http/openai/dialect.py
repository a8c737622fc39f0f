"""What goes wrong, as OpenAI's clients read it: `{"error": {"message", "type", "param", "code"}}`."""

from http import HTTPStatus

import msgspec
from aiohttp import web

from assistant.http.problem import Problem
from assistant.http.route import json_answer

__all__ = ["Fault", "fault", "render"]

_CODES = {
    "unknown_model": "model_not_found",
    "no_key": "invalid_api_key",
    "engine_busy": "rate_limit_exceeded",
    "too_many_requests": "rate_limit_exceeded",
    "backed_off": "rate_limit_exceeded",
}
"""Codes for which OpenAI has names of its own, which clients look for."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a problem."""

    message: str
    type: str
    param: str | None
    code: str


def fault(problem: Problem) -> Fault:
    """Return what is told of a problem; what to do about it is part of the message, for there is no other place."""
    return Fault(
        message=f"{problem} ({problem.hint})" if problem.hint else str(problem),
        type=_type(problem.status),
        param=problem.key or ("model" if problem.code == "unknown_model" else None),
        code=_CODES.get(problem.code, problem.code),
    )


def render(problem: Problem) -> web.Response:
    """Render a problem as OpenAI does."""
    answer = json_answer({"error": fault(problem)}, problem.status)
    answer.headers.update(problem.headers)
    return answer


def _type(status: int) -> str:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_error"
    return "rate_limit_error" if status == HTTPStatus.TOO_MANY_REQUESTS else "invalid_request_error"
