"""Real upgrades between real environments: to a version that works, and to some that do not."""

import site
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant import ServiceError, __version__
from assistant.upgrade import Layout, find_layout
from tests.running import CONFIG, Home
from tests.upgrade.versions import BROKEN, GOOD, LATE, PATIENCE

pytestmark = pytest.mark.once


@dataclass
class Box:
    """A machine on which a version is installed."""

    layout: Layout
    home: Home
    wheels: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the version that is current."""
        command = [str(self.layout.current / "bin" / "assistant"), *arguments]
        return subprocess.run(
            command, env=self.home.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def upgrade(self, version: str, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run("upgrade", "--to", version, "--from", str(self.wheels), *options)

    @property
    def version(self) -> str:
        return self.run("--version").stdout.strip().rpartition(" ")[2]

    @property
    def environments(self) -> list[str]:
        return sorted(path.name for path in (self.layout.prefix / "versions").iterdir() if path.is_dir())

    def forms(self) -> int:
        """Return how many migrations the state has gone."""
        with closing(sqlite3.connect(self.home.folder / "state" / "assistant.db")) as database:
            return int(database.execute("PRAGMA user_version").fetchone()[0])


@pytest.fixture
def box(tmp_path: Path, wheels: Path) -> Iterator[Box]:
    """Install the present version as `service install` lays it out; libraries are those of the tests."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for path in Path(site.getsitepackages()[0]).iterdir():
        if not path.name.startswith(("inglenook", "__editable__", "pip", "setuptools")) and path.suffix != ".pth":
            (libraries / path.name).symlink_to(path)
    home = Home(tmp_path / "home", {"PYTHONPATH": str(libraries), "PYTHONDONTWRITEBYTECODE": "1"})
    home.write()
    layout = Layout(tmp_path / "opt")
    environment = layout.environment(__version__)
    base = getattr(sys, "_base_executable", sys.executable)
    pip = [
        str(environment / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        f"--find-links={wheels}",
    ]
    for command in ([base, "-m", "venv", str(environment)], [*pip, f"inglenook=={__version__}"]):
        done = subprocess.run(command, env=home.environment, capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr.decode()
    layout.switch(environment)
    box = Box(layout, home, wheels)
    assert box.run("ask", "Hello?").returncode == 0
    yield box


def test_to_a_version_that_works_and_not_to_one_that_does_not(box: Box) -> None:
    forms = box.forms()
    planned = box.upgrade(GOOD, "--dry-run")
    assert f"It would go from {__version__} to {GOOD}" in planned.stdout
    assert box.environments == [__version__]

    done = box.upgrade(GOOD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert box.version == GOOD
    assert box.environments == [__version__, GOOD]
    assert box.forms() == forms  # only the copy was migrated yet
    assert [file.name for file in (box.home.folder / "state" / "backups").iterdir()] == [
        f"before-upgrade-of-{__version__}.tar.gz"
    ]
    assert len(box.run("receipts", "--json").stdout) > 10
    assert box.forms() == forms + 1

    failed = box.upgrade(BROKEN)
    assert failed.returncode == 71
    assert f"{BROKEN} is not used: the new version does not start" in failed.stderr
    assert "the new wiring is loose" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert box.version == GOOD
    assert box.environments == [__version__, GOOD]
    assert box.run("ask", "Hello?").stdout.startswith("Hello there.")

    again = box.upgrade(GOOD)
    assert "is what runs already" in again.stdout
    missing = box.upgrade("77.0")
    assert missing.returncode == 71
    assert "inglenook==77.0: nothing fits in" in missing.stderr


SERVICE = """
import subprocess, sys, time
from pathlib import Path
from assistant import ServiceError
from assistant.backup import Places
from assistant.paths import state_folder
from assistant.state.lock import owner
from assistant.upgrade import find_layout, upgrade

class Service:
    process = None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def start(self):
        command = [str(find.current / "bin" / "assistant"), "run"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while not (running := owner(state_folder())) or not running.address:
            if self.process.poll() is not None:
                raise ServiceError("it did not become ready")
            time.sleep(0.1)

find, service = find_layout(), Service()
service.start()
try:
    upgrade(find, sys.argv[1], Path(sys.argv[2]), Places.here(), service, lambda line: print(line, flush=True))
except ServiceError as error:
    print("FAILED:", error, flush=True)
finally:
    assert service.running()
    service.stop()
"""


def test_a_service_that_does_not_become_ready_runs_as_before(box: Box, tmp_path: Path) -> None:
    config = CONFIG.replace("http: {port: 0}", "http: {port: 0, hosts: [box]}")
    box.home.write(config)
    forms = box.forms()
    key = box.home.folder / "state" / "id"
    key.write_text("an id\n")
    (tmp_path / "service.py").write_text(SERVICE)
    command = [str(box.layout.current / "bin" / "python"), str(tmp_path / "service.py"), LATE, str(box.wheels)]
    done = subprocess.run(
        command, env=box.home.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"switch: {box.layout.current} -> {box.layout.environment(LATE)}" in done.stdout
    assert f"it does not become ready; back to {__version__}" in done.stdout
    assert f"FAILED: {LATE} is not used: it did not become ready" in done.stdout
    assert box.version == __version__
    assert box.environments == [__version__]
    assert box.forms() == forms  # what the new version had migrated is as it was
    assert (box.home.folder / "config" / "assistant.yaml").read_text() == config
    assert key.read_text() == "an id\n"
    assert len(box.run("receipts", "--json").stdout) > 10


def test_what_is_upgraded_in_another_way_says_so(tmp_path: Path, house: Home) -> None:
    with pytest.raises(ServiceError) as error:
        find_layout()
    assert error.value.hint.startswith("cd /") or "pip install --upgrade inglenook" in error.value.hint
    done = house.run("upgrade")
    assert done.returncode == 71
    assert len(done.stderr.splitlines()) == 2
    here = tmp_path / "opt" / "versions" / "1.0"
    here.mkdir(parents=True)
    with pytest.raises(ServiceError):
        find_layout(here)
    (tmp_path / "opt" / "current").symlink_to(here)
    assert find_layout(here) == Layout(tmp_path / "opt")
    assert find_layout(tmp_path / "opt" / "current") == Layout(tmp_path / "opt")
