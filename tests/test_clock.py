"""The time of day may be wrong and may jump; nothing but what people read depends on it."""

import ast
import asyncio
import itertools
import platform
import time
from pathlib import Path

import pytest

from assistant import ChatMessage, clock
from assistant.clock import clock_is_set
from assistant.config import ConversationConfig
from assistant.pipeline.conversation import Conversations
from assistant.pipeline.receipt import Receipt
from assistant.state import State
from assistant.testing import FakeChat, FakeStt, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice
from tests.running import CONFIG, Home, settled
from tests.source import files, tree

DAY = 86_400.0

# -- whether it is set -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "machine", "battery", "synchronised", "right"),
    [
        (1.8e9, "aarch64", True, False, True),
        (1.8e9, "aarch64", False, True, True),
        (1.8e9, "aarch64", False, False, False),
        (1.8e9, "x86_64", False, False, True),  # a virtual PC has its host's clock
        (0.0, "x86_64", True, True, False),
        (1.5e9, "aarch64", True, True, False),
    ],
)
def test_the_clock_is_believed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    now: float,
    machine: str,
    battery: bool,
    synchronised: bool,
    right: bool,
) -> None:
    if battery:
        (tmp_path / "rtc0").touch()
    monkeypatch.setattr(clock, "_BATTERY", tmp_path / "rtc0")
    monkeypatch.setattr(clock, "_synchronised", lambda: synchronised)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(time, "time", lambda: now)
    assert clock_is_set() == right


def test_the_kernel_is_asked_without_any_right() -> None:
    assert clock._synchronised() in (True, False)


# -- where it is used ------------------------------------------------------------------------------------------------

WALL = {
    "assistant/controls/controls.py": "quiet hours; the time of an event",
    "assistant/pipeline/listen.py": "the time of an event",
    "assistant/pipeline/turn.py": "the times of a receipt and of its events",
    "assistant/http/timers.py": "when a timer rings, for people",
    "assistant/http/history.py": "what people said since when is forgotten",
    "assistant/http/guard.py": "when a key expires",
    "assistant/http/tls.py": "until when a certificate is valid",
    "assistant/http/validity.py": "the same",
    "assistant/http/ollama/dialect.py": "the time of an answer",
    "assistant/http/ollama/listing.py": "since when a model is here, and until when",
    "assistant/http/openai/chat.py": "the time of an answer",
    "assistant/http/openai/completions.py": "the time of an answer",
    "assistant/http/openai/models.py": "since when a model is here",
    "assistant/http/openai/mouth.py": "when sound expires",
    "assistant/http/openai/responses.py": "the time of an answer",
    "plugins/inglenook-llama-cpp/assistant_llama_cpp/saved.py": "files of other runs, at worst written again",
}
"""Where a running daemon reads the time of day, and what for; the command line may show it as it likes."""
WAITING = ("streams.py", "events.py", "convert.py", "controls", "daemon", "http", "lan", "models", "pipeline")
"""Parts of the core that wait for something, or measure how long it takes."""


def test_no_interval_is_measured_by_the_time_of_day() -> None:
    waiting = [file for file in files("assistant") if file.parts[1] in WAITING]
    plugins = [file for file in files("plugins") if "tests" not in file.parts]
    found = {str(file) for file in [*waiting, *plugins] if _reads_wall(file)}
    assert found == {file for file in WALL if Path(file) in [*waiting, *plugins]}


def _reads_wall(file: Path) -> bool:
    calls = {ast.unparse(node) for node in ast.walk(tree(file)) if isinstance(node, ast.Attribute | ast.Name)}
    return bool(calls & {"time.time", "time.time_ns", "time.localtime", "time.strftime", "datetime", "datetime.now"})


# -- jumps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [DAY, -DAY, -1.7e9])
def test_a_conversation_goes_on_although_the_clock_jumps(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    asked = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2), *quiet(6)]
    room = Room(asked * 2, FakeStt(["One?", "Two?"]), FakeChat(["Yes.", "No."]))
    now = time.time()

    async def main() -> None:
        async with room.opened():
            monkeypatch.setattr(time, "time", lambda: now)
            await room.until(lambda: room.receipts)
            monkeypatch.setattr(time, "time", lambda: now + jump)
            await room.until(lambda: len(room.receipts) == 2)

    run_in_virtual_time(main())
    assert [receipt.outcome for receipt in room.receipts] == ["answered", "answered"]
    assert [message.text for message in room.chat.requests[1].messages[1:]] == ["One?", "Yes.", "Two?"]
    assert room.receipts[1].started - room.receipts[0].started == pytest.approx(jump, abs=1)
    assert all(0 <= seconds < 10 for receipt in room.receipts for seconds in receipt.parts.values())


def test_a_conversation_expires_by_the_monotonic_clock_alone() -> None:
    async def main() -> None:
        conversations = Conversations(ConversationConfig(expiry=300), asyncio.get_running_loop().time)
        for wait, remembered in ((299, 1), (301, 0)):
            async with conversations.turn("a") as before:
                before.keep((ChatMessage.of("user", "Hello?"),))
            await asyncio.sleep(wait)
            async with conversations.turn("a") as after:
                assert len(after.messages) == remembered

    run_in_virtual_time(main())


async def test_receipts_are_listed_as_they_were_made(tmp_path: Path) -> None:
    started = [100.0, 1.8e9, 1.8e9 - DAY, 0.0, 1.8e9 + DAY]
    made = [Receipt(f"t{n}", at, "room", "jarvis", "answered", clock_set=at > 1e9) for n, at in enumerate(started)]
    async with State(tmp_path / "assistant.db") as state:
        for receipt in made:
            state.receipts.keep(receipt)
        assert await state.receipts.latest() == made[::-1]
        await state._database.rewrite(lambda connection: connection.execute("VACUUM"))
        assert await state.receipts.latest() == made[::-1]


TURNS = """
from aiohttp import web
from assistant import hookimpl

@hookimpl
def assistant_routes(host):
    async def turn(request):
        answer = await host.run_turn("Hello?", conversation="one")
        return web.json_response({"text": answer.text})

    return [web.get("/turn", turn)]
"""
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
def test_a_daemon_lives_through_jumps_of_its_clock(house: Home) -> None:
    house.write(CONFIG, turns=TURNS)
    offset = house.folder / "offset"
    offset.write_text("-20000d\n")  # a box that starts in the seventies
    house.variables |= {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    with house.daemon() as daemon:
        daemon.ready()
        for jump in ("-20000d", "+0", "+1d", "-1d"):
            offset.write_text(f"{jump}\n")
            assert daemon.ask("/plugins/turns/turn") == (200, {"text": "Hello there."})
            assert daemon.ask("/readyz")[0] == 200
        receipts = settled(lambda: found if len(found := house.json("receipts")) == 4 else None)
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.log
    times = [receipt["started"] for receipt in reversed(receipts)]
    jumps = [round((after - before) / DAY) for before, after in itertools.pairwise(times)]
    assert jumps == [20000, 1, -2]
    assert receipts[-1]["clock_set"] is False
    assert all(0 <= receipt["voice_to_voice"] < DAY for receipt in receipts)
