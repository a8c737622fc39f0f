"""One server: connected, asked for its tools, connected again when it is lost."""

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED, Implementation
from mcp_types import Tool as TheirTool

from assistant import Host, ServiceError, Tool
from assistant_mcp.client import http_client
from assistant_mcp.config import ServerConfig
from assistant_mcp.tools import ours, said

__all__ = ["Connection"]

log = logging.getLogger(__name__)

_OPENING = 30.0
"""Seconds that a server may take to start and say what it is."""
_LOOK = 30.0
"""Seconds between two looks at whether it is still there, and which tools it has."""
_FIRST, _LONGEST = 1.0, 60.0
"""Seconds of the first and the longest wait before it is tried again."""
_LEASH = ("/bin/sh", "-c", '"$@"; kill -KILL 0', "sh")
"""Runs the command that follows as it stands. The SDK ends a server with its children only where that does not end by
itself; this ends those that it leaves behind, in the process group that the SDK gives it."""
_PAGES = 20
"""Pages of tools that are read."""


class Connection:
    """The way to one server. Once its tools are known they stay on offer; while it is gone, they say so."""

    def __init__(self, name: str, config: ServerConfig, host: Host) -> None:
        self._name = name
        self._config = config
        self._host = host
        self._client: Client | None = None
        self._lost = asyncio.Event()
        self._offering = ExitStack()

    async def keep(self) -> None:
        """Stay connected until cancelled; what fails is said once, and tried again ever more rarely.

        A server that comes and soon goes again has failed, too.
        """
        wait, complaint, clock = _FIRST, "", asyncio.get_running_loop().time
        with self._offering:
            while True:
                began = clock()
                failure = await self._failure()
                if clock() - began > _LONGEST:
                    wait, complaint = _FIRST, ""
                if failure != complaint:
                    log.warning("MCP server %s: %s; it is tried again", self._name, failure)
                complaint = failure
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST)

    async def _failure(self) -> str:
        """Connect, look after the tools, and return how that ended."""
        try:
            async with self._connected() as tools:
                log.info("MCP server %s is there, with %d tools", self._name, len(tools))
                await self._look_after(tools)
            return "its connection was lost"
        except Exception as error:
            return _reason(error)

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Sequence[TheirTool], None]:
        """Connect, in the older protocol where the server knows no newer one, and yield the tools."""
        async with self._transport() as transport:
            client = Client(
                transport,
                client_info=Implementation(name="inglenook", version="1"),
                read_timeout_seconds=self._config.timeout,
                cache=None,
            )
            async with _within(client, _OPENING):
                self._client, self._lost = client, asyncio.Event()
                try:
                    yield await self._listed()
                finally:
                    self._client = None

    @asynccontextmanager
    async def _transport(self) -> AsyncGenerator[Any, None]:
        config = self._config
        if config.command:
            if shutil.which(config.command[0]) is None:
                raise ServiceError(f"there is no program {config.command[0]}")
            shell, *arguments = (*_LEASH, *config.command)
            parameters = StdioServerParameters(command=shell, args=arguments, env=dict(config.environment))
            with Path(os.devnull).open("w") as nowhere:  # noqa: ASYNC230 - it is no file
                yield stdio_client(parameters, errlog=nowhere)
            return
        async with http_client(config.token) as http:
            yield streamable_http_client(config.url, http_client=http)

    async def _look_after(self, tools: Sequence[TheirTool]) -> None:
        """Offer *tools* until the server is lost; what it has changed is offered from the next look on."""
        while True:
            self._offering.close()
            self._offering.enter_context(self._host.offering(self._allowed(tools)))
            before = [tool.model_dump() for tool in tools]
            while before == [tool.model_dump() for tool in tools]:
                try:
                    async with asyncio.timeout(_LOOK):
                        await self._lost.wait()
                        return
                except TimeoutError:
                    tools = await self._listed()

    async def _listed(self) -> Sequence[TheirTool]:
        assert self._client is not None
        found: list[TheirTool] = []
        page = await self._client.list_tools()
        for _ in range(_PAGES):
            found += page.tools
            if not page.next_cursor:
                break
            page = await self._client.list_tools(cursor=page.next_cursor)
        return found

    def _allowed(self, tools: Sequence[TheirTool]) -> list[Tool]:
        """Return those of *tools* that the owner has listed."""
        risks = self._config.tools
        names = {tool.name for tool in tools}
        if missing := [name for name in risks if name not in names]:
            log.warning("MCP server %s has no tool %s", self._name, ", ".join(missing))
        allowed = []
        for tool in tools:
            if tool.name in risks:
                try:
                    allowed.append(ours(self._name, tool, risks[tool.name], partial(self._call, tool.name)))
                except ServiceError as error:
                    log.warning("MCP server %s: its tool %s is left out: %s", self._name, tool.name, error)
        return allowed

    async def _call(self, name: str, arguments: Mapping[str, Any]) -> str:
        if self._client is None:
            raise ServiceError(f"{self._name} cannot be reached at the moment")
        try:
            return said(await self._client.call_tool(name, dict(arguments)))
        except MCPError as error:
            if error.error.code == CONNECTION_CLOSED:
                self._lost.set()
            raise ServiceError(f"{self._name}: {error.error.message}") from None
        except ServiceError:
            raise
        except Exception as error:
            self._lost.set()
            raise ServiceError(f"{self._name} was lost: {_reason(error)}") from None


@asynccontextmanager
async def _within(client: Client, seconds: float) -> AsyncGenerator[None, None]:
    """Enter *client* within *seconds*; raises TimeoutError."""
    async with asyncio.timeout(seconds) as patience, client:
        patience.reschedule(None)
        yield


def _reason(error: BaseException) -> str:
    """Return what failed, out of the groups in which the SDK wraps it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
