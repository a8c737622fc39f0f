"""The assistant as a server, to real clients of both protocols, over real HTTP."""

import asyncio
import io
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from assistant_mcp import McpConfig, ServerConfig, asgi, assistant_routes
from assistant_mcp.door import Door
from assistant_mcp.service import run
from mcp import Client, MCPError
from mcp_types import TextContent

from assistant import Answer, Host, OfferedTool, Risk, ServiceError, Tool, ToolSpec

TOOLS: dict[str, Risk] = {"lamp": "act", "time": "read", "unlock": "sensitive"}
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}}


class House:
    """A host with three tools."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.others: asyncio.Queue[list[Tool]] = asyncio.Queue()
        self.called: list[tuple[str, Mapping[str, Any], list[Risk]]] = []

    def tools(self, assistant: str = "") -> tuple[OfferedTool, ...]:
        return tuple(OfferedTool(ToolSpec(name, f"The {name}.", SCHEMA), risk) for name, risk in TOOLS.items())

    @contextmanager
    def offering(self, tools: Iterable[Tool]) -> Generator[None, None, None]:
        self.others.put_nowait(list(tools))
        yield

    async def call_tool(self, name: str, arguments: Mapping[str, Any], *, risks: list[Risk]) -> str:
        self.called.append((name, arguments, risks))
        if arguments.get("name") == "nobody":
            raise ServiceError("there is no nobody", hint="name somebody")
        return f"{name} done"

    async def run_turn(self, text: str, *, conversation: str = "", person: str = "") -> Answer:
        self.asked.append((text, conversation, person))
        return Answer(f"You said: {text}", "t1")


@asynccontextmanager
async def door(house: House, *scopes: Any) -> AsyncGenerator[str, None]:
    host = cast("Host", house)
    part, app = web.Application(), web.Application()
    part.add_routes(assistant_routes(host))
    app.add_subapp("/plugins/mcp/", part)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with Door.opened(host, scopes):
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/plugins/mcp/"
    finally:
        await runner.cleanup()


def text(result: Any) -> str:
    [part] = result.content
    assert isinstance(part, TextContent)
    return part.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_clients_of_both_protocols_see_what_is_offered(mode: str) -> None:
    house = House()
    async with door(house, "ask", "read") as address, Client(address, mode=mode) as client:
        assert (client.protocol_version >= "2026") == (mode == "auto")
        listed = await client.list_tools()
        assert [tool.name for tool in listed.tools] == ["ask", "time"]
        assert text(await client.call_tool("ask", {"text": "hello", "conversation": "c"})) == "You said: hello"
        assert text(await client.call_tool("time", {"name": "x"})) == "time done"
    assert house.asked == [("hello", "mcp:c", "")]  # somebody whom it does not know
    assert house.called == [("time", {"name": "x"}, ["read"])]


async def test_what_is_not_offered_cannot_be_called() -> None:
    """T19: scopes."""
    house = House()
    async with door(house, "read", "act") as address, Client(address) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["lamp", "time"]
        for name in ("ask", "unlock", "nonsense"):
            with pytest.raises(MCPError, match="there is no tool"):
                await client.call_tool(name, {"text": "hello"})
    assert not house.asked
    assert not house.called


async def test_what_goes_wrong_is_told() -> None:
    async with door(House(), "ask", "act") as address, Client(address) as client:
        failed = await client.call_tool("lamp", {"name": "nobody"})
        assert (failed.is_error, text(failed)) == (True, "there is no nobody (name somebody)")
        for arguments in ({}, {"text": ""}, {"text": "x" * 5000}, {"text": 1}, {"text": "x", "conversation": "y" * 99}):
            assert (await client.call_tool("ask", arguments)).is_error


async def test_t7_closed_and_hostile() -> None:
    """T7, T9: bodies that are too big, too deep, or no JSON at all; and streams that would stay open."""
    house = House()
    async with (
        door(house) as address,
        aiohttp.ClientSession() as session,
        session.post(address, json={}) as response,
    ):
        assert response.status == 404
    headers = {"Accept": "application/json, text/event-stream"}
    async with door(house, "ask") as address, aiohttp.ClientSession(headers=headers) as session:
        for body, status in ((b"{", 400), (b"[" * 100_000, 400), (b'"' + b"x" * (2 << 20) + b'"', 413), (b"\xff", 400)):
            async with session.post(
                address, data=io.BytesIO(body), headers={"Content-Type": "application/json"}
            ) as response:
                assert response.status == status, body[:10]
        for method in ("GET", "DELETE"):
            async with session.request(method, address, headers={"Accept": "text/event-stream"}) as response:
                assert response.status == 405
        async with Client(address) as client:
            assert text(await client.call_tool("ask", {"text": "still there?"})) == "You said: still there?"


async def test_t6_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "_ARRIVAL", 0.2)
    async with door(House(), "read") as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.split(":")[2].split("/")[0]))
        head = "POST /plugins/mcp/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Accept: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        async with asyncio.timeout(30):
            assert b" 408 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_one_assistant_uses_the_tools_of_another() -> None:
    house, other = House(), House()
    async with door(other, "read", "act") as address:
        server = ServerConfig(url=address, token="anything", tools={"lamp": "sensitive"})
        service = asyncio.create_task(run(McpConfig(servers={"attic": server}, offer=[]), cast("Host", house)))
        try:
            async with asyncio.timeout(30):
                [lamp] = await house.others.get()
            assert (lamp.spec.name, lamp.risk, await lamp.run({"name": "x"})) == (
                "attic_lamp",
                "sensitive",
                "lamp done",
            )
            with pytest.raises(ServiceError, match="there is no nobody"):
                await lamp.run({"name": "nobody"})
        finally:
            service.cancel()
            await asyncio.wait({service})
    assert other.called[0] == ("lamp", {"name": "x"}, ["read", "act"])
