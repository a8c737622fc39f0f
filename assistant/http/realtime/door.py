"""The way in: who may speak, how many at once, how much and how long."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Annotated

import msgspec
from aiohttp import WSCloseCode, WSMsgType, hdrs, web
from msgspec import Meta

from assistant.access import Scope
from assistant.http.guard import caller, needs, spend
from assistant.http.naming import model_of
from assistant.http.openai.dialect import render
from assistant.http.openai.parameters import ModelName
from assistant.http.problem import Problem
from assistant.http.realtime.party import Party
from assistant.http.realtime.session import Session
from assistant.http.realtime.wire import Wire
from assistant.http.route import Route
from assistant.pipeline.equipment import Equipment
from assistant.serving import Generation

__all__ = ["RealtimeDoor"]

_MOST = 16
"""Sessions at once."""
_FRAME = 2_000_000
"""Bytes of one event: 30 s of sound."""
_QUIET = 900.0
"""Seconds without an event of the client's after which its session ends."""
_LONGEST = 3600.0
"""Seconds after which any session ends."""
_LEAVING = 1.0
"""Seconds that a client may take to say goodbye."""
_ALIVE = 20.0
"""Seconds between two looks at whether the client is still there."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """With whom a conversation is to be held, and whether it is one."""

    model: ModelName = ""
    """A chat model or an assistant; the first chat model by default."""
    intent: Annotated[str, Meta(max_length=64)] = ""
    """`transcription` where what is said is written down, and nothing is answered."""

    @property
    def transcribes(self) -> bool:
        """Return whether nothing is to be answered."""
        return self.intent == "transcription"


class RealtimeDoor:
    """The door to live conversations."""

    def __init__(self, equipment: Equipment, generation: Generation) -> None:
        self._equipment = equipment
        self._generation = generation
        self._sessions = 0
        self._sockets: set[web.WebSocketResponse] = set()

    def routes(self) -> list[Route]:
        """Return the route."""
        return [
            Route(
                "GET",
                "/v1/realtime",
                self._serve,
                Scope.AUDIO,
                render=render,
                hang_up=self.hang_up,
                query=Wanted,
                status=HTTPStatus.SWITCHING_PROTOCOLS,
            )
        ]

    async def hang_up(self, app: web.Application) -> None:
        """Say goodbye to every client, because the daemon stops."""
        await asyncio.gather(*(socket.close(code=WSCloseCode.GOING_AWAY) for socket in self._sockets))

    async def _serve(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        """Hold a conversation by voice over a WebSocket, with the model or the assistant that `model` names.

        The key must open `chat` as well as `audio`; an assistant acts in the house where the key opens `home`. With
        `intent=transcription` what is said is written down, and nothing is answered.
        """
        _check(request)
        name = model_of(request, wanted.model)
        party = Party.of(name, caller(request), self._equipment, self._generation)
        if self._sessions >= _MOST:
            message = f"there are {_MOST} conversations already"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many", message, headers={str(hdrs.RETRY_AFTER): "10"})
        self._sessions += 1
        try:
            return await self._converse(request, party, wanted.transcribes)
        finally:
            self._sessions -= 1

    async def _converse(self, request: web.Request, party: Party, transcribes: bool) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(
            timeout=_LEAVING, heartbeat=_ALIVE, max_msg_size=_FRAME, compress=False, protocols=("realtime",)
        )
        await socket.prepare(request)
        wire = Wire(socket, partial(_hang_up, request), beta=_beta(request))
        ask = partial(spend, request, Scope.CHAT)
        session = Session(wire, party, self._generation, ask, transcribes=transcribes)
        code = WSCloseCode.GOING_AWAY
        self._sockets.add(socket)
        try:
            with self._equipment.conversations.held(session.conversation):
                async with asyncio.timeout(_LONGEST):
                    await session.begin()
                    while (message := await socket.receive(_QUIET)).type in (WSMsgType.TEXT, WSMsgType.BINARY):
                        await session.take(message.data)
            code = WSCloseCode.OK
        except TimeoutError:
            code = WSCloseCode.POLICY_VIOLATION
        except ConnectionError:
            pass  # the client has left
        finally:
            self._sockets.discard(socket)
            await session.close()
            await socket.close(code=code)
        return socket


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _beta(request: web.Request) -> bool:
    return "realtime=v1" in request.headers.get("OpenAI-Beta", "")


def _check(request: web.Request) -> None:
    """Raise Problem for who may not come in."""
    needs(request, Scope.CHAT)
    if "openai-insecure-api-key." in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, ""):
        message = "a key is not taken from a subprotocol"
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", message, "send `Authorization: Bearer KEY`")
    if not web.WebSocketResponse().can_prepare(request):
        headers = {str(hdrs.UPGRADE): "websocket"}
        raise Problem(HTTPStatus.UPGRADE_REQUIRED, "no_websocket", "this is a WebSocket", headers=headers)
