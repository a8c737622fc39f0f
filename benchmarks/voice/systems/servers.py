"""Servers that a system needs beside it: started, waited for, and ended with it."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from voice.settings import Settings, cores

__all__ = ["free_port", "llm_server", "server"]

_READY = 60.0
"""Seconds that a server may take to answer."""


@asynccontextmanager
async def server(module: str, port: int, *arguments: str) -> AsyncGenerator[None, None]:
    """Run a module of this environment while the context lasts, and wait until it listens at *port*.

    OpenMP's threads sleep while they wait: servers that spin against each other would be slower.
    """
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments, env=environment)
    try:
        async with asyncio.timeout(_READY):
            while True:
                if process.returncode is not None:
                    raise RuntimeError(f"{module} has ended with code {process.returncode}")
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.1)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()


@asynccontextmanager
async def llm_server(settings: Settings, *, tuned: bool) -> AsyncGenerator[str, None]:
    """Run `llama_cpp.server` and yield the base address of its OpenAI API."""
    port = free_port()
    arguments = ["--model", settings.llm, "--port", str(port), "--n_ctx", "4096", "--verbose", "false"]
    if tuned:
        arguments += ["--n_threads", str(cores())]
    if settings.devices > 1:
        arguments += ["--interrupt_requests", "false"]  # or one device would cut the others off
    async with server("llama_cpp.server", port, *arguments):
        yield f"http://127.0.0.1:{port}/v1"


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
