"""One connection to Home Assistant's WebSocket API (https://developers.home-assistant.io/docs/api/websocket)."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from assistant import ServiceError

__all__ = ["Connection", "WrongToken", "connected"]

Told = Callable[[dict[str, Any]], None]
"""Takes an event of a subscription; returns at once."""

_BYTES = 32 * 1024 * 1024
"""Bytes of the longest message: a house of 10,000 entities tells all their states in about 10 MB."""
_OPENS = 15.0
"""Seconds that connecting and logging in may take."""
_ANSWERS = 20.0
"""Seconds that a command may take."""
_BEATS = 20.0
"""Seconds between two pings; one that stays unanswered for half as long ends the connection."""


class WrongToken(ServiceError):
    """The token is not accepted: trying again does not help."""


class Connection:
    """Sends commands and hands out what comes back."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, version: str) -> None:
        self.version = version
        """The version of Home Assistant."""
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._told: dict[int, Told] = {}

    async def command(self, kind: str, **arguments: Any) -> Any:
        """Send a command and return its result; raises ServiceError where it is refused, or the connection ends."""
        return await self._send(next(self._ids), kind, arguments)

    async def subscribe(self, told: Told, kind: str, **arguments: Any) -> None:
        """Have *told* called with every event of a subscription; raises ServiceError."""
        number = next(self._ids)
        self._told[number] = told
        await self._send(number, kind, arguments)

    async def listen(self) -> None:
        """Hand out what comes until the connection ends, which is raised as ServiceError."""
        try:
            async for frame in self._socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    break
                self._hand_out(_parsed(frame.data))
            why = self._socket.exception()
            raise ServiceError(f"Home Assistant has ended the connection{f': {why}' if why else ''}")
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ServiceError("the connection to Home Assistant has ended"))
                    future.exception()  # seen: whoever waited may have gone

    async def _send(self, number: int, kind: str, arguments: dict[str, Any]) -> Any:
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(_ANSWERS):
                await self._socket.send_json({"id": number, "type": kind, **arguments})
                return await answer
        except TimeoutError:
            raise ServiceError(f"Home Assistant did not answer {kind} in {_ANSWERS:g} s") from None
        except (OSError, aiohttp.ClientError) as error:
            raise ServiceError(f"the connection to Home Assistant has ended: {error}") from None
        finally:
            self._waiting.pop(number, None)

    def _hand_out(self, message: dict[str, Any]) -> None:
        number, kind = message.get("id"), message.get("type")
        if not isinstance(number, int):
            return
        if kind == "event" and number in self._told and isinstance(message.get("event"), dict):
            self._told[number](message["event"])
        elif kind == "result" and (answer := self._waiting.get(number)) is not None and not answer.done():
            if message.get("success"):
                answer.set_result(message.get("result"))
            else:
                fault = message.get("error") or {}
                text = f"{fault.get('message', 'it does not say why')} ({fault.get('code', 'unknown')})"
                answer.set_exception(ServiceError(f"Home Assistant refused: {text[:300]}"))


def _parsed(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise ServiceError("Home Assistant sent what is not JSON") from None
    if not isinstance(message, dict):
        raise ServiceError("Home Assistant sent what is not a message")
    return message


@asynccontextmanager
async def connected(session: aiohttp.ClientSession, url: str, token: str) -> AsyncGenerator[Connection, None]:
    """Connect and log in; raises ServiceError where nobody is there, WrongToken where the token is refused."""
    address = f"{url.rstrip('/')}/api/websocket"
    try:
        async with asyncio.timeout(_OPENS):
            socket = await session.ws_connect(address, heartbeat=_BEATS, max_msg_size=_BYTES)
    except (TimeoutError, OSError, aiohttp.ClientError, ValueError) as error:
        raise ServiceError(
            f"Home Assistant cannot be reached at {url}: {str(error) or 'no answer'}",
            hint="check services.homeassistant.url, and that Home Assistant runs",
        ) from None
    async with socket:
        yield Connection(socket, await _logged_in(socket, url, token))


async def _logged_in(socket: aiohttp.ClientWebSocketResponse, url: str, token: str) -> str:
    """Show the token, and return the version of Home Assistant."""
    try:
        async with asyncio.timeout(_OPENS):
            await _next(socket)
            await socket.send_json({"type": "auth", "access_token": token})
            reply = await _next(socket)
    except (TimeoutError, OSError, aiohttp.ClientError) as error:
        raise ServiceError(f"{url} does not behave like Home Assistant: {str(error) or 'no answer'}") from None
    if reply.get("type") == "auth_invalid":
        raise WrongToken(
            f"Home Assistant at {url} does not accept the token",
            hint="make a long-lived access token on your profile's page, under Security, and set "
            "services.homeassistant.token",
        )
    if reply.get("type") != "auth_ok":
        raise ServiceError(f"{url} does not behave like Home Assistant")
    return str(reply.get("ha_version", ""))


async def _next(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    frame = await socket.receive()
    if frame.type is not aiohttp.WSMsgType.TEXT:
        raise aiohttp.ClientConnectionError("the connection ended before the login")
    return _parsed(frame.data)
