"""`assistant providers health` and `monitor`: servers that answer or do not, and real replies."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from assistant.testing import ScriptedServer, page, scripted_server
from tests.running import CONFIG, PATIENCE, Daemon, Home, settled

LISTED = b'{"object": "list", "data": [{"id": "small", "object": "model", "owned_by": "vllm"}]}'
PIECE = (
    'data: {"id":"1","object":"chat.completion.chunk","model":"small",'
    '"choices":[{"index":0,"delta":{%s},"finish_reason":%s}]}\n\n'
)
WRITTEN = [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n",
    *[(PIECE % (f'"content":"word {n} "', "null")).encode() for n in range(3)],
    0.02,
    (PIECE % ('"content":"end."', "null")).encode(),
    (PIECE % ("", '"stop"')).encode() + b"data: [DONE]\n\n",
]


def answer(path: str) -> Sequence[Any]:
    match path:
        case "/v1/models":
            return page("200 OK", LISTED)
        case "/v1/chat/completions":
            return WRITTEN
    return page("404 Not Found")


def section(server: ScriptedServer) -> str:
    return (
        f"{CONFIG}providers:\n  pc: {{type: vllm, endpoint: 'http://127.0.0.1:{server.port}/v1'}}\n"
        "  gone: {type: vllm, endpoint: 'http://127.0.0.1:9/v1'}\n  cold: {type: ollama, enabled: false}\n"
        "assistants: {jarvis: {chat: [pc/small], intent: '', turn: ''}}\n"
    )


@pytest.mark.once
async def test_health_asks_now_and_tells_by_its_exit_code(house: Home) -> None:
    async def run(*words: str) -> Any:
        return await asyncio.to_thread(partial(house.run, "providers", "health", *words))

    async with scripted_server(answer) as server:
        house.write(section(server))
        well = await run("pc")
        assert well.returncode == 0 and " ms" in well.stdout and "pc/small" in well.stdout, well.stderr
        every = await run()
        assert every.returncode == 1 and "refused the connection" in " ".join(every.stdout.split())
        assert (await run("--all")).returncode == 1
        assert (await run("gone")).returncode == 1
        assert (await run("cold")).returncode == 0
        told = (await run("pc", "--json")).stdout
    assert '"seconds": 0.' in told
    unknown = await run("pcc")
    assert unknown.returncode not in (0, 1) and "there is no provider 'pcc'" in unknown.stderr
    assert (await run("pc", "--all")).returncode == 2


def test_without_a_daemon_the_monitor_says_so(house: Home) -> None:
    done = house.run("providers", "monitor")
    assert done.returncode != 0 and "no daemon is running" in done.stderr


def _look(house: Home, daemon: Daemon) -> None:
    """See a turn in the numbers, as JSON, as a table, and live."""
    daemon.ready()

    def awake() -> bool | None:
        [pc, gone, _] = daemon.ask("/api/providers")[1]["providers"]
        return True if (pc["state"], gone["state"]) == ("awake", "asleep") else None

    settled(awake)
    said = house.run("ask", "Tell me something about the sea.")
    assert "word 0" in said.stdout, said.stderr
    [pc, gone, cold] = house.json("providers", "monitor")
    assert pc["replies"] == 1 and pc["failures"] == 0 and pc["working"] == pc["waiting"] == 0
    assert 0 < pc["p50"] == pc["p95"] and pc["pace"] > 0 and pc["models"] == ["pc/small"]
    assert gone["p50"] is None and "refused" in gone["reason"] and cold["state"] == "off"
    table = house.run("providers", "monitor").stdout
    assert "tokens/s" in table and "pc/small" in table

    master, slave = pty.openpty()
    command = [sys.executable, "-m", "assistant", "providers", "monitor"]
    live = subprocess.Popen(
        command,
        env=house.environment,
        stdout=slave,
        stderr=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # jobs in the background are deaf to Ctrl-C
    )
    os.close(slave)
    try:
        shown = b""
        while shown.count(b"pc/small") < 2:  # the second is another look
            shown += os.read(master, 4096)
        live.send_signal(signal.SIGINT)
        _, err = live.communicate(timeout=PATIENCE)
    finally:
        live.kill()
        os.close(master)
    assert live.returncode == 130 and err.strip() == b""


@pytest.mark.once
async def test_the_monitor_shows_what_real_replies_took(house: Home) -> None:
    async with scripted_server(answer) as server:
        house.write(section(server))

        def look() -> None:
            with house.daemon() as daemon:
                _look(house, daemon)

        await asyncio.to_thread(look)
