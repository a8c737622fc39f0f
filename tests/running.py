"""The daemon and the command line as processes of their own, in a home that the test prepares."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

OFFLINE = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
"""What a command is put after that is to find no network but itself."""

OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
"""Ask for an address of this machine, whatever proxy its environment names."""

PATIENCE = 60.0
"""Seconds after which a process is taken to hang; no test depends on how fast anything is."""

FAKES = """
from assistant import Kind, hookimpl
from assistant.testing import FakeChat, FakeIntent, FakeStt, FakeTts, FakeTurn, fake_spec

@hookimpl
def assistant_engines():
    return [
        fake_spec("fake-stt", Kind.STT, FakeStt()),
        fake_spec("fake-tts", Kind.TTS, FakeTts()),
        fake_spec("fake-turn", Kind.TURN, FakeTurn()),
        fake_spec("fake-intent", Kind.INTENT, FakeIntent()),
        fake_spec("fake-chat", Kind.CHAT, FakeChat(["Hello there."] * 100)),
    ]
"""
"""A single-file plugin with an engine for each thing that an assistant without a device needs."""

CONFIG = """
models:
  {stt: {engine: fake-stt}, tts: {engine: fake-tts}, chat: {engine: fake-chat}, turn: {engine: fake-turn},
   intent: {engine: fake-intent}, wake: null, vad: null, microphone: null, speaker: null}
devices: null
http: {port: 0}
log: {level: info}
"""
"""A configuration of these."""


def settled(ask: Callable[[], T | None]) -> T:
    """Return what *ask* gives as soon as it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if (found := ask()) is not None:
            return found
        time.sleep(0.02)
    raise AssertionError("nothing came of it")


@dataclass
class Home:
    """A folder with configuration, plugins and state."""

    folder: Path
    """Where everything is."""
    variables: dict[str, str] = field(default_factory=dict)
    """Variables of the environment of what is run here."""

    def write(self, config: str = CONFIG, **plugins: str) -> None:
        """Write the configuration, and single-file plugins by name."""
        for part in ("config", "data/plugins"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "config" / "assistant.yaml").write_text(config)
        for name, code in {"fakes": FAKES, **plugins}.items():
            (self.folder / "data" / "plugins" / f"{name}.py").write_text(code)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of what is run here."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INGLENOOK")}
        return kept | {"INGLENOOK_HOME": str(self.folder), "COLUMNS": "200"} | self.variables

    def run(self, *arguments: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, *before* it what runs it."""
        command = [*before, sys.executable, "-m", "assistant", *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def json(self, *arguments: str) -> Any:
        """Run a command and return what it prints as JSON."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def key(self) -> str:
        """Return the key that the daemon made for itself."""
        return (self.folder / "state" / "api-key").read_text().strip()

    @contextmanager
    def daemon(self, *options: str, before: Sequence[str] = ()) -> Iterator["Daemon"]:
        """Run the daemon while the context lasts, *before* it what runs it."""
        log = self.folder / "log"
        with log.open("w") as err:
            command = [*before, sys.executable, "-m", "assistant", *options, "run"]
            process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=err)
        try:
            yield Daemon(process, log, self)
        finally:
            process.kill()
            process.communicate()


@dataclass
class Daemon:
    """A running daemon."""

    process: subprocess.Popen[bytes]
    """The process."""
    file: Path
    """What it says on standard error."""
    home: Home
    """Where it keeps its things."""

    def inside(self) -> list[str]:
        """Return what a command is put after that is to be in the daemon's own network, with the loopback up."""
        own = ["nsenter", "--target", str(self.process.pid), "--user", "--preserve-credentials", "--net"]
        return [*own, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]

    @property
    def log(self) -> str:
        """Return what it has said so far."""
        return self.file.read_text()

    def logged(self, pattern: str) -> re.Match[str]:
        """Wait until the log matches."""

        def look() -> re.Match[str] | None:
            found = re.search(pattern, self.log)
            assert found or self.process.poll() is None, f"it has ended:\n{self.log}"
            return found

        return settled(look)

    @property
    def address(self) -> str:
        """Return where it answers, as soon as it does."""
        return self.logged(r"listening on (http://\S+)\n")[1]

    def ask(self, path: str, *, key: bool = True) -> tuple[int, Any]:
        """Return the status and the JSON that a path answers."""
        request = urllib.request.Request(self.address + path)
        if key:
            request.add_header("Authorization", f"Bearer {self.home.key}")
        try:
            with OPEN(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def ready(self) -> None:
        """Wait until everything is open."""
        settled(lambda: True if self.ask("/readyz")[0] == 200 else None)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)
