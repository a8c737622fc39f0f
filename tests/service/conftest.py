"""A machine with the system service installed by `assistant service install`, from a clone and its environment."""

import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request

import pytest

from assistant.paths import models_folder
from assistant.service.environment import new_environment
from assistant.service.places import STATE, USER
from tests.running import CONFIG, OPEN, Home, settled
from tests.service.box import Box, box, missing

PYTHON = "/opt/python/bin/python3"
CLONE = "/opt/clone"
"""An environment as a person has it: with everything, and in a place of its own."""
ASSISTANT = f"{CLONE}/bin/assistant"
SYSTEM = (ASSISTANT, "service", "install", "--yes", "--system", "--no-models", f"--python={PYTHON}")
OFFLINE = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}
"""Lets pip install the core and the plugins, and take what they need from the environment of these tests."""
_PACKAGES = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
_SHARED = "import site; site.addsitedir('/opt/site-packages')\n"


@dataclass(frozen=True)
class Installed:
    """The machine and its service."""

    box: Box
    """The machine."""
    outside: Path
    """A folder of this machine, which is seen in it as /run/outside."""
    printed: str
    """What the installation printed."""

    def configure(self, config: str = CONFIG, *, unit: str = "", user: str = USER, **plugins: str) -> None:
        """Write the configuration, the plugins and what a drop-in says of the unit; forget what came before."""
        self.box.run("systemctl", "stop", "inglenook")
        self.box.must("rm", "-rf", *(f"{STATE}/{part}" for part in ("config", "data", "state", "cache")))
        Home(self.box.path(STATE)).write(config, **plugins)
        self.box.path(STATE / "data" / "models").symlink_to("/opt/models")
        self.box.must("chown", "-R", f"{user}:", str(STATE))
        dropin = self.box.path("/etc/systemd/system/inglenook.service.d/test.conf")
        dropin.parent.mkdir(exist_ok=True)
        dropin.write_text(f"[Service]\nRestartSec=100ms\n{unit}\n")
        self.box.must("systemctl", "daemon-reload")
        self.box.must("systemctl", "reset-failed")

    def start(self) -> None:
        """Start the service; returns when systemd takes it to be ready."""
        self.box.must("systemctl", "start", "inglenook")

    def address(self) -> str:
        """Return where it answers: both machines share their network."""
        pid, *_ = self.box.show("MainPID")
        lines = self.box.journal(f"_PID={pid}", "--output=cat").splitlines()
        return next(line.split()[-1] for line in lines if "listening on http" in line)

    def ask(self, path: str, timeout: float = 60.0) -> str:
        """Return what an address of the running daemon answers."""
        key = (self.box.path(STATE) / "state" / "api-key").read_text().strip()
        request = Request(self.address() + path, headers={"Authorization": f"Bearer {key}"})
        with OPEN(request, timeout=timeout) as answer:
            return str(answer.read().decode())

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; where it never does, the journal tells why."""
        try:
            settled(lambda: holds() or None)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.box.journal('--lines=60')}") from None

    def again(self, before: str) -> None:
        """Wait until another process than *before* is ready."""

        def look() -> bool:
            state, pid = self.box.show("ActiveState", "MainPID")
            return state == "active" and pid not in (before, "0")

        self.until(look)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    if why := missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("service")
    outside = folder / "outside"
    outside.mkdir()
    shared = {Path(sys.base_prefix): "/opt/python", Path(sysconfig.get_path("purelib")): "/opt/site-packages"}
    shared[outside] = "/run/outside"
    if models_folder().is_dir():
        shared[models_folder()] = "/opt/models"
    with box(folder, shared) as machine:
        machine.path("/etc/ld.so.conf.d/python.conf").write_text("/opt/python/lib\n")  # it was built for another place
        machine.must("ldconfig")
        machine.must(PYTHON, "-m", "venv", "--without-pip", CLONE)
        for environment in (CLONE, str(new_environment())):
            packages = machine.path(f"{environment}/{_PACKAGES}")
            packages.mkdir(parents=True, exist_ok=True)
            (packages / "shared.pth").write_text(_SHARED)
        command = machine.path(ASSISTANT)
        command.write_text(f"#!{CLONE}/bin/python3\nfrom assistant.cli import main\nmain()\n")
        command.chmod(0o755)
        printed = machine.must(*SYSTEM, variables=OFFLINE)
        yield Installed(machine, outside, printed)
