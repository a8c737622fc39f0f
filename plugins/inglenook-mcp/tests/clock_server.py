"""A real MCP server over standard input and output: `python clock_server.py [FILE]`. FILE notes that it died once."""

import os
import sys
from pathlib import Path

from mcp.server import MCPServer

server = MCPServer("clock")
_END = Path(sys.argv[1]) if len(sys.argv) > 1 else None


@server.tool()
def now(zone: str) -> str:
    """Tell the time in a zone."""
    return f"It is noon in {zone}. {os.environ.get('GREETING', '')}".strip()


@server.tool()
def broken() -> str:
    """Fail."""
    raise ValueError("the spring is broken")


@server.tool()
def die() -> str:
    """End the server in mid-call, once."""
    if _END is not None and not _END.exists():
        _END.touch()
        os._exit(1)
    return "alive"


@server.tool()
def secret() -> str:
    """Do what nobody has listed."""
    return "never"


if __name__ == "__main__":
    server.run()
