"""The service: a task for each server, and the door."""

import asyncio
import logging

from assistant import ConfigError, Host, in_thread
from assistant_mcp.config import McpConfig

__all__ = ["run"]


async def run(config: McpConfig, host: Host) -> None:
    """Serve until cancelled; raises ConfigError for a server that is neither a program nor an address."""
    for name, server in config.servers.items():
        if bool(server.command) == bool(server.url):
            raise ConfigError(f"services.mcp.servers.{name}: give either `command` or `url`")
    await in_thread(_load)  # the SDK takes a second to import
    from assistant_mcp.connection import Connection
    from assistant_mcp.door import Door

    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # connections say themselves what fails
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    async with Door.opened(host, config.offer), asyncio.TaskGroup() as tasks:
        for name, server in config.servers.items():
            tasks.create_task(Connection(name, server, host).keep(), name=f"mcp {name}")
        await asyncio.Event().wait()


def _load() -> None:
    import mcp.client.client
    import mcp.server.streamable_http_manager  # noqa: F401
