"""A real daemon with a device: timers outlive a kill, ring at the device, and are stopped from outside."""

import asyncio
import json
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from assistant.state import State
from assistant.timers.timer import Appointment, Kind, Timer
from tests.running import CONFIG, OFFLINE, OPEN, Daemon, Home, settled
from tests.state.test_history import files_with

pytestmark = pytest.mark.once

SECRET = "flowerpot and key"

DEVICE = """
import os
from pathlib import Path
from assistant import Capabilities, Kind, hookimpl
from assistant.testing import FakeSink, FakeSource, FakeVad, FakeWake, fake_spec

class Heard(FakeSink):
    async def play(self, audio):
        async for played in super().play(audio):
            Path(os.environ["INGLENOOK_HOME"], "heard").write_text(str(sum(piece.duration for piece in self.heard)))
            yield played

@hookimpl
def assistant_engines():
    return [
        fake_spec("fake-source", Kind.SOURCE, FakeSource([])),
        fake_spec("fake-sink", Kind.SINK, Heard()),
        fake_spec("fake-wake", Kind.WAKE, FakeWake()),
        fake_spec("fake-vad", Kind.VAD, FakeVad()),
    ]
"""
WITH_DEVICE = CONFIG.replace(
    "wake: null, vad: null, microphone: null, speaker: null",
    "wake: {engine: fake-wake}, vad: {engine: fake-vad}, "
    "microphone: {engine: fake-source}, speaker: {engine: fake-sink}",
).replace("devices: null", "devices: {room: {duck: 1}}")


@pytest.fixture
def house(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.write(WITH_DEVICE, device=DEVICE)
    return home


def send(daemon: Daemon, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(daemon.address + path, None if body is None else json.dumps(body).encode())
    request.method = method
    request.add_header("Authorization", f"Bearer {daemon.home.key}")
    with OPEN(request, timeout=60) as answer:
        return json.load(answer)


def heard(home: Home) -> float:
    file = home.folder / "heard"
    return float(file.read_text() or 0) if file.exists() else 0.0


def rings(daemon: Daemon) -> bool | None:
    return any(timer["state"] == "ringing" for timer in daemon.ask("/api/timers")[1]["timers"]) or None


def test_a_timer_of_a_killed_daemon_rings_once_in_the_next(house: Home) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        begun = time.monotonic()
        assert send(daemon, "POST", "/api/timers", {"seconds": 5, "name": "pizza", "device": "room"})["id"] == 1
        assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
        assert "rings" not in daemon.log
    assert not heard(house)
    with house.daemon() as daemon:
        settled(lambda: rings(daemon))
        assert time.monotonic() - begun >= 4.9
        settled(lambda: heard(house) > 1.0 or None)
        assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL  # while it rings: nobody has stopped it yet
        assert daemon.log.count("timer 1 rings") == 1
    with house.daemon() as daemon:
        settled(lambda: rings(daemon))
        (house.folder / "heard").unlink(missing_ok=True)
        settled(lambda: heard(house) > 1.0 or None)
        assert house.run("timers", "stop").stdout == "stopped: 1\n"
        assert house.json("timers", "list") == []
        assert "timer 1 rings" not in daemon.log, "it has rung already, and only goes on"


def test_a_command_sets_and_cancels_with_and_without_a_daemon(house: Home) -> None:
    assert house.json("timers", "add", "1h", "--name", "roast")["id"] == 1
    added = house.run("timers", "add", "10m", "--remind", "call mother")
    assert "no daemon runs" in added.stderr
    with house.daemon() as daemon:
        daemon.ready()
        shown = house.json("timers", "list")
        assert [(timer["kind"], timer["name"] or timer["text"]) for timer in shown] == [
            ("timer", "roast"),
            ("reminder", "call mother"),
        ]
        assert house.run("timers", "cancel", "1").stdout == "cancelled: timer 1 roast\n"
        assert "no such timer" in house.run("timers", "cancel", "1").stderr
        assert "the daemon refuses" in house.run("timers", "add", "99999w").stderr
    assert [timer["id"] for timer in house.json("timers", "list")] == [2]
    assert house.run("timers", "add", "soon").returncode == 2


def test_what_is_asked_at_a_terminal_rings(house: Home) -> None:
    house.write(WITH_DEVICE.replace("engine: fake-intent", "engine: hassil"), device=DEVICE)
    with house.daemon() as daemon:
        daemon.ready()
        asked = house.run("ask", "set a pizza timer for one second")
        assert asked.stdout.strip() == "Pizza timer set for 1 second.", asked.stderr
        settled(lambda: rings(daemon))
        settled(lambda: heard(house) or None)


def test_what_another_process_sets_rings_in_the_daemon(house: Home) -> None:
    async def add() -> None:
        due = time.time() + 2
        clock = Appointment(time=time.strftime("%H:%M:%S", time.localtime(due)))
        async with State(house.folder / "state" / "assistant.db") as state:
            await state.timers.add(Timer(kind=Kind.ALARM, at=clock, due=due, started=time.time()))

    with house.daemon() as daemon:
        daemon.ready()
        asyncio.run(add())
        settled(lambda: rings(daemon))
        settled(lambda: heard(house) or None)


def test_without_a_network_and_without_a_chat_model(house: Home) -> None:
    if shutil.which(OFFLINE[0]) is None or subprocess.run([*OFFLINE, "true"], check=False).returncode:
        pytest.skip("needs namespaces of users")
    config = WITH_DEVICE.replace("engine: fake-intent", "engine: hassil").replace("{engine: fake-chat}", "null")
    house.write(config + "assistants: {jarvis: {chat: []}}\n", device=DEVICE)
    with house.daemon(before=OFFLINE) as daemon:
        daemon.logged("ready\n")
        asked = house.run("ask", "set a pizza timer for one second", before=daemon.inside())
        assert asked.stdout.strip() == "Pizza timer set for 1 second.", asked.stderr
        daemon.logged("timer 1 rings")
        settled(lambda: heard(house) > 1.0 or None)


def test_a_reminder_is_content_and_is_forgotten(house: Home) -> None:
    with house.daemon() as daemon:
        daemon.ready()
        send(daemon, "POST", "/api/timers", {"seconds": 3600, "kind": "reminder", "text": SECRET})
        assert files_with(house.folder / "state", SECRET)
        assert any("timers and reminders" in row["what"] and row["content"] for row in house.json("privacy")["kept"])
        assert house.json("forget", "--all")["timers"] >= 1
        assert daemon.ask("/api/timers")[1] == {"timers": []}
        assert not files_with(house.folder / "state", SECRET)
        assert SECRET not in daemon.log
