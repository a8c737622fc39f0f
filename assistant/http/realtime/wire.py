"""What clients are told, by the names that they know."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from assistant.errors import AssistantError
from assistant.http.openai.dialect import fault
from assistant.http.problem import Problem, problem_of

__all__ = ["Wire", "new_id", "problem_with"]

_STALLED = 10.0
"""Seconds that a client may take to accept what it is sent before it is hung up on."""
_OF_THE_BETA = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "conversation.item.added": "conversation.item.created",
    "conversation.item.done": "",
}
"""What events were called in the beta; empty for those that it did not have."""


def new_id(prefix: str) -> str:
    """Return a name that nothing else has."""
    return f"{prefix}_{uuid.uuid4().hex[:20]}"


def problem_with(error: BaseException) -> Problem:
    """Return what an error means for the client; what nobody foresaw is not told."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, AssistantError):
        return problem_of(error)
    return Problem(500, "internal_error", "that failed", "the daemon's log says why")


class Wire:
    """The way to one client; *hang_up* cuts it."""

    def __init__(self, socket: web.WebSocketResponse, hang_up: Callable[[], None], *, beta: bool) -> None:
        self.beta = beta
        """Whether the client knows the names of the beta only."""
        self._socket = socket
        self._hang_up = hang_up

    async def send(self, kind: str, **fields: Any) -> None:
        """Tell something; raises ConnectionError where nobody listens."""
        name = _OF_THE_BETA.get(kind, kind) if self.beta else kind
        if not name:
            return
        event = {"type": name, "event_id": new_id("event"), **fields}
        try:
            async with asyncio.timeout(_STALLED):
                await self._socket.send_str(msgspec.json.encode(event).decode())
        except TimeoutError:
            self._hang_up()
            raise ConnectionResetError("the client does not read") from None

    async def fault(self, problem: Problem, event_id: str | None = None) -> None:
        """Tell what went wrong, and with which of the client's events; raises ConnectionError."""
        told = fault(problem)
        error = {"type": told.type, "code": told.code, "message": told.message, "param": told.param}
        await self.send("error", error=error | {"event_id": event_id})
