"""Tools of real servers: listed ones only, called, failed, lost and found again."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from assistant_mcp import McpConfig, ServerConfig, ToolConfig, assistant_services
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
        added = {tool.spec.name: tool for tool in tools}
        self.tools_here |= added
        self.changed.set()
        try:
            yield
        finally:
            self.tools_here = {name: tool for name, tool in self.tools_here.items() if name not in added}
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
    described = ToolConfig(risk="act", description="Breaks.")
    config = clock(tools={"now": "read", "broken": described}, environment={"GREETING": "Good day."})
    async with served(clock=config) as house:
        await house.until("clock_now", "clock_broken")
        tool, broken = house.tools_here["clock_now"], house.tools_here["clock_broken"]
        assert (tool.risk, tool.trusted, broken.risk, broken.trusted) == ("read", False, "act", False)
        assert (tool.spec.description, broken.spec.description) == ("Clock now.", "Breaks."), "the owner's words"
        assert tool.spec.parameters["required"] == ["zone"]
        assert await tool.run({"zone": "Oslo"}) == "It is noon in Oslo. Good day."
        with pytest.raises(ServiceError, match="Error executing tool broken"):
            await broken.run({})


async def test_a_server_that_dies_in_a_call_fails_it_and_comes_back(tmp_path: Path) -> None:
    async with served(clock=clock(str(tmp_path / "died"), tools={"die": "act"})) as house:
        await house.until("clock_die")
        said = []
        async with asyncio.timeout(30):
            while "alive" not in said:
                try:
                    said.append(await house.tools_here["clock_die"].run({}))
                except ServiceError as error:
                    said.append(str(error))
                    await asyncio.sleep(0.2)
    assert "clock" in said[0]
    assert "clock cannot be reached at the moment" in said, "its tools stay on offer, and say so"


async def test_a_call_that_nobody_waits_for_leaves_the_server_as_it_was() -> None:
    """T37: somebody talks into the reply while a tool works."""
    async with served(clock=clock(tools={"wait": "read", "now": "read"})) as house:
        await house.until("clock_wait", "clock_now")
        waiting = asyncio.ensure_future(house.tools_here["clock_wait"].run({}))
        await asyncio.sleep(0.5)
        waiting.cancel()
        done, _ = await asyncio.wait({waiting}, timeout=10)
        assert done and waiting.cancelled()
        assert await house.tools_here["clock_now"].run({"zone": "Oslo"}) == "It is noon in Oslo."


async def test_a_server_that_does_not_answer_fails_the_call_and_not_the_connection() -> None:
    async with served(clock=clock(tools={"wait": "read", "now": "read"}, timeout=1.0)) as house:
        await house.until("clock_wait", "clock_now")
        with pytest.raises(ServiceError, match="clock"):
            await house.tools_here["clock_wait"].run({})
        assert await house.tools_here["clock_now"].run({"zone": "Oslo"}) == "It is noon in Oslo."


async def test_a_server_gets_little_of_the_environment_and_ends_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """T26, T41: no key of the daemon's, and no orphans."""
    monkeypatch.setenv("INGLENOOK_HTTP__KEY", "very secret")
    async with served(clock=clock(tools={"about": "read"}, environment={"GREETING": "x"})) as house:
        await house.until("clock_about")
        names, *processes = (await house.tools_here["clock_about"].run({})).splitlines()
        assert "GREETING" in names.split()
        passed = {
            "GREETING",
            "HOME",
            "LC_CTYPE",
            "LOGNAME",
            "OLDPWD",
            "PATH",
            "PWD",
            "SHELL",
            "SHLVL",
            "TERM",
            "USER",
            "_",
        }
        assert set(names.split()) <= passed
        assert len(processes) == 2 and all(alive(int(process)) for process in processes)
    assert not [process for process in processes if alive(int(process))]


async def test_a_server_cannot_have_the_assistants_model_write_for_it() -> None:
    async with served(clock=clock(tools={"borrow": "read"})) as house:
        await house.until("clock_borrow")
        with pytest.raises(ServiceError, match="sampling"):
            await house.tools_here["clock_borrow"].run({})


async def test_a_server_that_is_not_there_is_named_once_and_others_work(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "assistant_mcp"):
        gone = ServerConfig(command=["/nowhere/at/all"], tools={"x": "read"})
        async with served(gone=gone, clock=clock(tools={"now": "read"})) as house:
            await house.until("clock_now")
            await asyncio.sleep(1.5)  # in which the other is tried again
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "MCP server gone" in line]) == 1


@pytest.mark.once
async def test_a_server_that_comes_and_goes_is_named_once_and_tried_ever_more_rarely(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T21: no storm of restarts."""
    monkeypatch.setattr("assistant_mcp.connection._LOOK", 0.3)
    started = tmp_path / "started"  # a letter for each start
    with caplog.at_level(logging.WARNING, "assistant_mcp"):
        async with served(clock=clock("--goes", str(started), tools={"now": "read"})):
            await asyncio.sleep(9)
    said = [line for line in caplog.messages if "MCP server clock" in line]
    assert said and len(said) == len(set(said))
    assert 2 <= len(started.read_text()) <= 4


async def test_a_tool_that_the_server_does_not_have_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async with served(clock=clock(tools={"now": "read", "nwo": "read"})) as house:
        await house.until("clock_now")
    assert "MCP server clock has no tool nwo" in caplog.text


async def test_a_server_is_a_program_or_an_address() -> None:
    for server in (ServerConfig(), ServerConfig(command=["x"], url="http://localhost/")):
        with pytest.raises(ConfigError, match="either `command` or `url`"):
            await run(McpConfig(servers={"odd": server}), cast("Host", House()))


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
