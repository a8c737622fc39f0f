"""Tools of real servers: listed ones only, called, failed, lost and found again."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from assistant_mcp import McpConfig, ServerConfig, assistant_services
from assistant_mcp.service import run

from assistant import ConfigError, Host, ServiceError, Tool

SERVER = Path(__file__).with_name("clock_server.py")


class House:
    """A host to which tools are offered."""

    def __init__(self) -> None:
        self.tools_here: dict[str, Tool] = {}
        self.changed = asyncio.Event()

    def tools(self, assistant: str = "") -> tuple[Any, ...]:
        return ()

    @contextmanager
    def offering(self, tools: Iterable[Tool]) -> Generator[None, None, None]:
        self.tools_here = {tool.spec.name: tool for tool in tools}
        self.changed.set()
        try:
            yield
        finally:
            self.tools_here = {}
            self.changed.set()

    async def until(self, *names: str) -> None:
        async with asyncio.timeout(30):
            while sorted(self.tools_here) != sorted(names):
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def served(**servers: ServerConfig) -> AsyncGenerator[House, None]:
    house = House()
    service = asyncio.create_task(run(McpConfig(servers=servers, offer=[]), cast("Host", house)))
    try:
        yield house
    finally:
        service.cancel()
        await asyncio.wait({service})


def clock(*arguments: str, **options: Any) -> ServerConfig:
    return ServerConfig(command=[sys.executable, str(SERVER), *arguments], **options)


def test_the_service_has_a_section() -> None:
    assert [spec.name for spec in assistant_services()] == ["mcp"]


async def test_only_what_the_owner_has_listed_can_be_called() -> None:
    config = clock(tools={"now": "read", "broken": "act"}, environment={"GREETING": "Good day."})
    async with served(clock=config) as house:
        await house.until("clock_now", "clock_broken")
        tool = house.tools_here["clock_now"]
        assert (tool.risk, tool.trusted) == ("read", False)
        assert tool.spec.description == "Tell the time in a zone."
        assert tool.spec.parameters["required"] == ["zone"]
        assert await tool.run({"zone": "Oslo"}) == "It is noon in Oslo. Good day."
        with pytest.raises(ServiceError, match="Error executing tool broken"):
            await house.tools_here["clock_broken"].run({})


async def test_a_server_that_dies_in_a_call_fails_it_and_comes_back(tmp_path: Path) -> None:
    async with served(clock=clock(str(tmp_path / "died"), tools={"die": "act"})) as house:
        await house.until("clock_die")
        with pytest.raises(ServiceError, match="clock"):
            await house.tools_here["clock_die"].run({})
        await house.until()
        await house.until("clock_die")
        assert await house.tools_here["clock_die"].run({}) == "alive"


async def test_a_server_that_is_not_there_is_named_once_and_others_work(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "assistant_mcp"):
        gone = ServerConfig(command=["/nowhere/at/all"], tools={"x": "read"})
        async with served(gone=gone, clock=clock(tools={"now": "read"})) as house:
            await house.until("clock_now")
            await asyncio.sleep(1.5)  # in which the other is tried again
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "MCP server gone" in line]) == 1


async def test_a_tool_that_the_server_does_not_have_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async with served(clock=clock(tools={"now": "read", "nwo": "read"})) as house:
        await house.until("clock_now")
    assert "MCP server clock has no tool nwo" in caplog.text


async def test_a_server_is_a_program_or_an_address() -> None:
    for server in (ServerConfig(), ServerConfig(command=["x"], url="http://localhost/")):
        with pytest.raises(ConfigError, match="either `command` or `url`"):
            await run(McpConfig(servers={"odd": server}), cast("Host", House()))
