"""A daemon between two programs that speak MCP: it uses the tool of one, and the other asks it for that."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.running import CONFIG, Home

pytest.importorskip("mcp", reason="the plugin inglenook-mcp is not installed")

SERVER = """
from mcp.server import MCPServer

server = MCPServer("clock")

@server.tool()
def now(zone: str) -> str:
    "Tell the time in a zone."
    return f"It is noon in {zone}."

server.run()
"""


async def asked(address: str, key: str) -> tuple[list[str], list[Any]]:
    """Return the tools that a client sees, and what two of them answer."""
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    async with create_mcp_http_client(headers={"Authorization": f"Bearer {key}"}) as http, asyncio.timeout(60):
        while (await http.post(address, json={})).status_code == 404:
            await asyncio.sleep(0.1)  # the SDK takes a second to import
        for header, value, status in (("Host", "evil.example", 421), ("Origin", "https://evil.example", 403)):
            assert (await http.post(address, json={}, headers={header: value})).status_code == status
        async with Client(streamable_http_client(address, http_client=http)) as client:
            while "clock_now" not in (names := [tool.name for tool in (await client.list_tools()).tools]):
                await asyncio.sleep(0.1)
            calls: list[tuple[str, dict[str, Any]]] = [("ask", {"text": "Hello?"}), ("clock_now", {"zone": "Oslo"})]
            return names, [(await client.call_tool(name, arguments)).content[0] for name, arguments in calls]


def test_tools_of_a_server_and_for_a_client(tmp_path: Path) -> None:
    """T2, T3, T4: the key, Host and Origin are looked at before anything else."""
    (tmp_path / "clock.py").write_text(SERVER)
    home = Home(tmp_path)
    server = f"{{command: ['{sys.executable}', '{tmp_path / 'clock.py'}'], tools: {{now: read}}}}"
    home.write(f"{CONFIG}\nservices: {{mcp: {{servers: {{clock: {server}}}}}}}")
    with home.daemon() as daemon:
        daemon.ready()
        assert daemon.ask("/plugins/mcp/", key=False)[0] == 401
        names, (answer, noon) = asyncio.run(asked(f"{daemon.address}/plugins/mcp/", home.key))
        assert {"ask", "clock_now"} <= set(names)
        assert answer.text == "Hello there."
        assert noon.text == "It is noon in Oslo."
        assert daemon.stop() == 0
    receipts = home.json("receipts")
    assert len(receipts) == 2
