"""Two small machines with two cables between them: network namespaces, as the kernel makes them for containers."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import CONFIG, PATIENCE, Daemon, Home, settled

SNIFF = """
import socket, struct
wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
print("ready", flush=True)
while True:
    data, (interface, kind, direction, *_) = wire.recvfrom(65535)
    header = {0x0800: 4 * (data[0] & 15), 0x86DD: 40}.get(kind, 0)
    protocol = {0x0800: 9, 0x86DD: 6}.get(kind, 0)
    if direction != 4 and header and data[protocol] == 17 and struct.unpack_from("!H", data, header + 2)[0] == 5353:
        print(interface, "IPv6" if header == 40 else "IPv4", flush=True)
"""
"""Prints a line for each mDNS packet that comes in."""


@dataclass
class Box:
    """One of the two."""

    namespace: str
    """Its network."""
    home: Home
    """Its files."""

    def ip(self, *arguments: str) -> None:
        """Change its network."""
        subprocess.run(["ip", "-n", self.namespace, *arguments], check=True)

    def is_up(self) -> bool | None:
        """Return whether both cables have a carrier."""
        links = subprocess.run(["ip", "-n", self.namespace, "-o", "link"], capture_output=True, text=True, check=True)
        return links.stdout.count("state UP") == 2 or None

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs Python in it."""
        return ["ip", "netns", "exec", self.namespace, sys.executable, *arguments]

    def write(self, host: str, name: str = "kitchen") -> None:
        """Write its configuration: the door listens on *host*."""
        door = f"http: {{port: 8420, host: '{host}', key: a-key-for-tests}}\nlan: {{name: '{name}'}}"
        self.home.write(CONFIG.replace("http: {port: 0}", door))

    @contextmanager
    def daemon(self) -> Iterator[Daemon]:
        """Run the daemon in it."""
        log = self.home.folder / "log"
        with log.open("w") as err:
            command = self.command("-m", "assistant", "run")
            process = subprocess.Popen(command, env=self.home.environment, stdout=subprocess.PIPE, stderr=err)
        try:
            yield Daemon(process, log, self.home)
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def reading(self, *arguments: str) -> Iterator[Any]:
        """Run Python in it, for as long as a test may take, and give its lines."""
        command = ["timeout", "--foreground", "--kill-after=5", str(PATIENCE), *self.command(*arguments)]
        with subprocess.Popen(command, env=self.home.environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.terminate()  # which it hands on; killed, it would leave the other behind

    def discover(self, *options: str) -> Any:
        """Run `assistant discover` in it."""
        return subprocess.run(
            self.command("-m", "assistant", "discover", *options),
            env=self.home.environment, capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[tuple[Box, Box]]:
    """Two machines: 10.77.N.1 and 10.77.N.2, fd77:N::1 and fd77:N::2 at the ends of cable N, which is 1 or 2."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and iproute2")
    names = [f"inglenook-{os.getpid()}-{end}" for end in "ab"]
    made = [subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False) for name in names]
    try:
        if any(done.returncode for done in made):
            pytest.skip("network namespaces are not allowed here")
        ends = [Box(name, Home(tmp_path / name)) for name in names]
        for n in "12":
            pair = ["type", "veth", "peer", "name", f"net{n}", "netns", names[1]]
            subprocess.run(["ip", "-n", names[0], "link", "add", f"net{n}", *pair], check=True)
        for number, box in enumerate(ends, 1):
            box.home.folder.mkdir()
            box.ip("link", "set", "lo", "up")
            for n in "12":
                box.ip("link", "set", f"net{n}", "addrgenmode", "none")  # no link-local address comes late
                box.ip("addr", "add", f"10.77.{n}.{number}/24", "dev", f"net{n}")
                box.ip("addr", "add", f"fd77:{n}::{number}/64", "dev", f"net{n}", "nodad")
                box.ip("link", "set", f"net{n}", "up")
        for box in ends:
            settled(box.is_up)
        yield ends[0], ends[1]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
