"""`assistant ask` with a tool that needs a yes, and what `assistant receipts` tells of it."""

import pty
import subprocess
import sys
from os import close, read, write
from pathlib import Path

import pytest

from tests.running import CONFIG, PATIENCE, Home

DOOR = """
from pathlib import Path
from assistant import Capabilities, Done, Kind, Tool, ToolCall, ToolSpec, hookimpl
from assistant.testing import FakeChat, fake_spec

DOOR = {"type": "object", "properties": {"door": {"enum": ["front", "back"]}}, "required": ["door"]}

async def unlock(arguments):
    with Path("FILE").open("a") as file:
        file.write(arguments["door"])
    return "unlocked"

@hookimpl
def assistant_engines():
    calls = [[ToolCall("1", "unlock_door", {"door": "front"}), Done("tool_calls")], "As you like."]
    return [fake_spec("calls", Kind.CHAT, FakeChat(calls), Capabilities(tools=True))]

@hookimpl
def assistant_tools(host):
    return [Tool(ToolSpec("unlock_door", "Unlock a door.", DOOR), unlock, "sensitive", trusted=True)]
"""
ASKS = "Shall I really run “unlock door”, with door: front?"


@pytest.fixture
def door(house: Home) -> Path:
    """A house with a door; the file tells which was unlocked."""
    file = house.folder / "unlocked"
    house.write(CONFIG.replace("fake-chat", "calls"), door=DOOR.replace("FILE", str(file)))
    return file


@pytest.mark.parametrize(
    ("answers", "said", "unlocked"),
    [
        ((), [], False),
        (("yes",), ["It is done."], True),
        (("no",), ["All right, then not."], False),
        (("perhaps", "yes"), ["As you like."], False),
    ],
)
def test_what_is_asked_back_is_answered(
    house: Home, door: Path, answers: tuple[str, ...], said: list[str], unlocked: bool
) -> None:
    options = [option for answer in answers for option in ("--answer", answer)]
    done = house.json("ask", "Unlock the front door", *options)
    assert done["reply"] == ASKS
    assert [further["reply"] for further in done["following"]] == said
    assert door.exists() is unlocked


def test_a_terminal_asks_for_the_answer(house: Home, door: Path) -> None:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "assistant", "ask", "Unlock the front door"]
    asking = subprocess.Popen(command, env=house.environment, stdin=slave, stdout=slave, stderr=slave)
    close(slave)
    shown = b""
    while b"> " not in shown:
        shown += read(master, 1024)
    assert ASKS in shown.decode() and not door.exists()
    write(master, b"yes\n")
    while b"It is done." not in shown:
        shown += read(master, 1024)
    assert asking.wait(PATIENCE) == 0
    close(master)
    assert door.read_text() == "front"


def test_a_receipt_tells_who_confirmed_what_and_no_more(house: Home, door: Path) -> None:
    done = house.json("ask", "Unlock the front door", "--answer", "yes")
    first = house.run("receipts", done["turn"]).stdout
    second = house.run("receipts", done["following"][0]["turn"]).stdout
    assert first.splitlines()[-1].split() == ["unlock_door", "sensitive", "-", "asked"]
    assert second.splitlines()[-1].split() == ["unlock_door", "sensitive", "yes", "ok"]
    [action] = house.json("receipts", done["following"][0]["turn"])[0]["actions"]
    assert action == {"name": "unlock_door", "risk": "sensitive", "outcome": "ok", "confirmed": True}
    assert "there is no turn 'nonsense'" in house.run("receipts", "nonsense").stderr
    database = b"".join(file.read_bytes() for file in (house.folder / "state").iterdir())
    assert b"front" not in database


def test_beside_a_daemon_the_answer_may_come_by_another_call(house: Home, door: Path) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        assert house.json("ask", "Unlock the front door", "--conversation", "hall")["reply"] == ASKS
        assert not door.exists()
        assert house.json("ask", "yes", "--conversation", "hall")["reply"] == "It is done."
    assert door.read_text() == "front"
