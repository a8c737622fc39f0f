"""How Ollama says things: errors as one string, moments in UTC, spans in nanoseconds, names with a tag."""

import re
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.errors import AssistantError
from assistant.http.problem import Problem

__all__ = ["KeepAlive", "ModelName", "Stopwatch", "at_once", "fault", "line", "moment", "render", "tagged"]

ModelName = Annotated[str, Meta(max_length=256)]
KeepAlive = str | int | float | None
"""How long a model is to stay loaded, `5m` or in seconds; 0 unloads it, anything else means nothing here: it stays."""
_NO_TIME = re.compile(r"[+-]?0+(\.0*)?(ns|us|µs|ms|s|m|h)?")


def at_once(keep_alive: KeepAlive) -> bool:
    """Tell whether a model is not to stay loaded at all."""
    return keep_alive is not None and _NO_TIME.fullmatch(str(keep_alive)) is not None


def render(problem: Problem) -> web.Response:
    """Render a problem as Ollama's clients read it."""
    return web.json_response({"error": fault(problem)}, status=problem.status, headers=problem.headers)


def fault(error: Problem | AssistantError) -> str:
    """Return what went wrong, and what to do about it."""
    return f"{error} ({error.hint})" if error.hint else str(error)


def line(**values: Any) -> bytes:
    """Return a line of JSON."""
    return msgspec.json.encode(values) + b"\n"


def moment(seconds: float | None = None) -> str:
    """Return a moment (seconds since the epoch; now by default) as text."""
    at = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def tagged(name: str) -> str:
    """Return the name of a model as it is listed: with a tag."""
    return name if ":" in name else f"{name}:latest"


class Stopwatch:
    """What a reply took, in nanoseconds."""

    def __init__(self) -> None:
        self._began = time.monotonic_ns()
        self._loaded = self._first = 0

    def loaded(self) -> None:
        """Note that the model is there."""
        self._loaded = self._loaded or time.monotonic_ns()

    def wrote(self) -> None:
        """Note that the model has written something."""
        self.loaded()
        self._first = self._first or time.monotonic_ns()

    def spans(self) -> dict[str, int]:
        """Return the spans until now."""
        self.wrote()
        now = time.monotonic_ns()
        return {
            "total_duration": now - self._began,
            "load_duration": self._loaded - self._began,
            "prompt_eval_duration": self._first - self._loaded,
            "eval_duration": now - self._first,
        }
