"""The Model Context Protocol: tools of other servers for the assistant, and the assistant's for other programs."""

from typing import TYPE_CHECKING

from assistant import Host, Scope, ServiceSpec, hookimpl, needs
from assistant_mcp.config import McpConfig, ServerConfig, ToolConfig

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["McpConfig", "ServerConfig", "ToolConfig", "assistant_routes", "assistant_services"]


async def serve(config: McpConfig, host: Host) -> None:
    """Keep the connections to the servers, and the door for programs, until cancelled."""
    from assistant_mcp.service import run

    await run(config, host)


@hookimpl
def assistant_services() -> list[ServiceSpec[McpConfig]]:
    """Offer the service."""
    return [ServiceSpec(name="mcp", config=McpConfig, run=serve)]


@hookimpl
def assistant_routes(host: Host) -> "list[web.RouteDef]":
    """Offer the door for programs; it is closed while the service does not run.

    Nothing is sent to programs unasked, so none needs to keep a stream open (GET), nor to end a session (DELETE).
    """
    from aiohttp import web

    from assistant_mcp.door import answer

    @needs(Scope.HOME)
    async def answered(request: web.Request) -> web.StreamResponse:
        return await answer(host, request)

    return [web.post("/", answered)]
