"""The assistant as a server: its tools, and `ask`, for programs that have the daemon's key.

Every request is one by itself (stateless), so nothing is kept for clients that vanish. The SDK answers both the
protocol with a handshake (2024-11-05 to 2025-11-25) and the one without (2026-07-28).
"""

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from aiohttp import web

from assistant import AssistantError, Host

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp_types import CallToolResult

    from assistant_mcp.config import Scope

__all__ = ["Door", "answer"]

_BODY = 1 << 20
"""Bytes of a request."""
_TEXT = 4_000
"""Characters of a question."""

_open: "WeakKeyDictionary[Host, Door]" = WeakKeyDictionary()


async def answer(host: Host, request: web.Request) -> web.StreamResponse:
    """Answer a request of a program; 404 where the door is closed."""
    if (door := _open.get(host)) is None:
        raise web.HTTPNotFound(reason="the service mcp does not run, or offers nothing")
    return await door.answer(request)


class Door:
    """The server of one daemon."""

    def __init__(self, host: Host, scopes: "Collection[Scope]") -> None:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        self._host = host
        self._scopes = scopes
        self._requests = StreamableHTTPSessionManager(
            self._server(), json_response=True, stateless=True, max_request_body_size=_BODY
        )

    @classmethod
    @asynccontextmanager
    async def opened(cls, host: Host, scopes: "Collection[Scope]") -> AsyncGenerator[None, None]:
        """Answer programs for as long as the context is open, where *scopes* allow anything."""
        if not scopes:
            yield
            return
        door = cls(host, scopes)
        async with door._requests.run():
            _open[host] = door
            try:
                yield
            finally:
                del _open[host]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Hand a request to the SDK. The daemon has looked at Host, Origin and key before."""
        from assistant_mcp.asgi import respond

        return await respond(self._requests.handle_request, request, _BODY)

    def _server(self) -> "Server[Any]":
        from mcp import MCPError
        from mcp.server.lowlevel import Server
        from mcp_types import INVALID_PARAMS, CallToolRequestParams, ListToolsResult, Tool, ToolAnnotations

        async def list_tools(context: Any, page: Any) -> ListToolsResult:
            asking = [_ASK] if "ask" in self._scopes else []
            offered = [
                {
                    "name": tool.spec.name,
                    "description": tool.spec.description,
                    "input_schema": {"type": "object", **tool.spec.parameters},
                    "annotations": ToolAnnotations(read_only_hint=tool.risk == "read"),
                }
                for tool in self._host.tools()
                if tool.risk in self._scopes
            ]
            return ListToolsResult(tools=[Tool.model_validate(tool) for tool in (*asking, *offered)])

        async def call_tool(context: Any, params: CallToolRequestParams) -> "CallToolResult":
            arguments = params.arguments or {}
            if params.name == _ASK["name"] and "ask" in self._scopes:
                return await self._ask(arguments)
            if params.name not in {tool.spec.name for tool in self._host.tools() if tool.risk in self._scopes}:
                raise MCPError(INVALID_PARAMS, f"there is no tool {params.name[:64]!r}")
            return await self._call(params.name, arguments)

        return Server("inglenook", on_list_tools=list_tools, on_call_tool=call_tool)

    async def _ask(self, arguments: dict[str, Any]) -> "CallToolResult":
        text, conversation = arguments.get("text"), arguments.get("conversation", "")
        if not isinstance(text, str) or not text.strip() or len(text) > _TEXT:
            return _result(f"`text` must be a question of 1 to {_TEXT} characters", failed=True)
        if not isinstance(conversation, str) or len(conversation) > 64:
            return _result("`conversation` must be a name of 64 characters at most", failed=True)
        try:
            key = f"mcp:{conversation}" if conversation else ""
            return _result((await self._host.run_turn(text, conversation=key)).text)
        except AssistantError as error:
            return _result(_told(error), failed=True)

    async def _call(self, name: str, arguments: dict[str, Any]) -> "CallToolResult":
        risks = [scope for scope in self._scopes if scope != "ask"]
        try:
            return _result(await self._host.call_tool(name, arguments, risks=risks))
        except AssistantError as error:
            return _result(_told(error), failed=True)


_ASK: dict[str, Any] = {
    "name": "ask",
    "description": "Ask the voice assistant of this home, in words, and read its answer.",
    "input_schema": {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "The question or request.", "maxLength": _TEXT},
            "conversation": {
                "type": "string",
                "description": "Name of a conversation to go on with.",
                "maxLength": 64,
            },
        },
        "required": ["text"],
    },
}


def _told(error: AssistantError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)


def _result(text: str, *, failed: bool = False) -> "CallToolResult":
    from mcp_types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=failed)
