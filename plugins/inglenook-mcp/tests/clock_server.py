"""A real MCP server over standard input and output: `python clock_server.py [FILE]`. FILE notes that it died once.

With `--goes FILE` it notes each start there, and goes soon after it was asked for its tools.
"""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp_types import SamplingMessage, TextContent

server = MCPServer("clock")
_END = Path(sys.argv[-1]) if len(sys.argv) > 1 else None


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
async def wait() -> str:
    """Take for ever."""
    await asyncio.sleep(3600)
    return "never"


@server.tool()
def about() -> str:
    """Tell the names of the environment, this process, and one that it starts and leaves behind."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL)
    return "\n".join([" ".join(sorted(os.environ)), str(os.getpid()), str(child.pid)])


@server.tool()
async def borrow(context: Context) -> str:
    """Ask the model of whoever calls."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text="Say anything."))
    return str(await context.session.create_message([message], max_tokens=10))


@server.tool()
def secret() -> str:
    """Do what nobody has listed."""
    return "never"


if __name__ == "__main__":
    if "--goes" in sys.argv and _END is not None:
        with _END.open("a") as starts:
            starts.write("x")
        threading.Timer(0.5, os._exit, [1]).start()
    server.run()
