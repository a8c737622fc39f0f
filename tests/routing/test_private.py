"""A private assistant in a network whose every packet is counted."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import CONFIG, PATIENCE, Home

BOX = """
import socket, subprocess, sys, time
for command in ("link set lo up", "link add out type veth peer name far", "addr add 10.99.0.1/24 dev out",
                "link set far up", "link set out up", "route add default dev out"):
    subprocess.run(["ip", *command.split()], check=True)
wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
wire.bind(("out", 3))
wire.setblocking(False)
done = subprocess.run([sys.executable, "-m", "assistant", "ask", "What is the capital of Italy?"])
time.sleep(0.2)
packets = 0
while True:
    try:
        data, (_, kind, *_) = wire.recvfrom(65535)
    except BlockingIOError:
        break
    packets += kind in (0x0800, 0x0806)
print("exit", done.returncode, "packets", packets)
"""
"""Asks a question in a machine with one cable, and tells how many packets of IPv4 and ARP went into that."""

BROKEN = """
from assistant import EngineError, Kind, hookimpl
from assistant.testing import FakeChat, fake_spec

@hookimpl
def assistant_engines():
    return [fake_spec("broken", Kind.CHAT, FakeChat([EngineError("out of memory")]))]
"""

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(
        sys.platform != "linux"
        or not (shutil.which("unshare") and shutil.which("ip"))
        or subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode != 0,
        reason="no network namespace can be made here",
    ),
]


@pytest.mark.parametrize(
    ("strategy", "local", "answers", "quiet"),
    [("order", "chat", True, False), ("private", "chat", True, True), ("private", "broken", False, True)],
)
def test_no_packet_leaves_whatever_fails(tmp_path: Path, strategy: str, local: str, answers: bool, quiet: bool) -> None:
    home = Home(tmp_path)
    models = CONFIG.replace("chat: {engine: fake-chat}", "chat: {engine: fake-chat}, broken: {engine: broken}")
    away = "providers: {pc: {type: openai, endpoint: 'http://10.99.0.2:8000/v1', models: [large]}}\n"
    section = f"{{chat: [pc/large, {local}], strategy: {strategy}, intent: '', turn: ''}}"
    home.write(f"{models}{away}assistants: {{jarvis: {section}}}\n", broken=BROKEN)
    command = ["unshare", "-rn", sys.executable, "-c", BOX]
    done = subprocess.run(command, env=home.environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    _, code, _, packets = done.stdout.split("\n")[-2].split()
    assert (code == "0", packets == "0") == (answers, quiet), done.stdout + done.stderr
    assert ("Hello there." in done.stdout) == answers
