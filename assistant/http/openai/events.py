"""Answers as server-sent events, and what goes wrong after they have begun."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import msgspec

from assistant.errors import AssistantError
from assistant.http.openai.dialect import fault
from assistant.http.problem import Problem, problem_of

__all__ = ["DONE", "event", "guarded", "told", "typed"]

log = logging.getLogger(__name__)

DONE = b"data: [DONE]\n\n"
"""What ends one of chat."""

_ENCODER = msgspec.json.Encoder()


def event(value: object, name: str = "") -> bytes:
    """Return *value* as an event."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + _ENCODER.encode(value) + b"\n\n"


def told(problem: Problem) -> bytes:
    """Return a problem as an event."""
    return event({"error": fault(problem)})


def typed(problem: Problem) -> bytes:
    """Return a problem as an event that says what it is, as those of sound do."""
    return event({"type": "error", "error": fault(problem)})


async def guarded(
    events: AsyncGenerator[bytes, None], last: Callable[[Problem], bytes] = told
) -> AsyncGenerator[bytes, None]:
    """Yield *events*; what goes wrong after the first is the *last* of them, for the status has been sent."""
    begun = False
    async with aclosing(events):
        try:
            async for piece in events:
                yield piece
                begun = True
        except Exception as error:
            if not begun:
                raise
            yield last(_problem(error))


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, AssistantError):
        return problem_of(error)
    log.error("an answer failed in its middle", exc_info=error)
    return Problem(500, "internal_error", "the request failed", "the daemon's log says why")
