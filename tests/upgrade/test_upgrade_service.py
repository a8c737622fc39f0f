"""Upgrades of the system service under a real systemd, as root, for the user that the service runs as."""

import shutil
import zipfile
from pathlib import Path

import pytest

from assistant import __version__
from assistant.service.places import CURRENT, STATE, VERSIONS
from tests.running import CONFIG
from tests.service.conftest import OFFLINE, Installed
from tests.service.conftest import installed as installed  # a fixture is found by its name
from tests.source import ROOT
from tests.upgrade.conftest import build
from tests.upgrade.versions import BROKEN, GOOD, LATE

pytestmark = pytest.mark.once

ASSISTANT = f"{CURRENT}/bin/assistant"
WHEELS = "/run/outside/wheels"


@pytest.fixture(scope="module")
def offered(installed: Installed, wheels: Path) -> Installed:
    """Offer wheels of the core's versions, of all plugins, and of one that brings the libraries of these tests."""
    folder = installed.outside / "wheels"
    shutil.copytree(wheels, folder)
    for project in ROOT.glob("plugins/*/pyproject.toml"):
        build(project.parent, folder)
    libraries(folder)
    python = f"{CURRENT}/bin/python"
    installed.box.must(
        python, "-m", "pip", "install", f"--find-links={WHEELS}", "inglenook-libraries", variables=OFFLINE
    )
    return installed


def libraries(folder: Path) -> None:
    """Write the wheel of a plugin that does nothing, in an environment that then sees the libraries of these tests."""
    about = "inglenook_libraries-1.dist-info"
    files = {
        "assistant_libraries.py": "",
        "libraries.pth": "import site; site.addsitedir('/opt/site-packages')\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: inglenook-libraries\nVersion: 1\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[assistant]\nlibraries = assistant_libraries\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / "inglenook_libraries-1-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


def state(installed: Installed) -> tuple[str, str]:
    """Return the version that is current, and how its service does."""
    version = installed.box.must(ASSISTANT, "--version").strip().rpartition(" ")[2]
    return version, installed.box.show("ActiveState")[0]


def test_the_service_goes_over_and_comes_back(offered: Installed) -> None:
    box = offered.box
    offered.configure(CONFIG + "history: {keep: 7d}\n")
    offered.start()

    done = box.run(ASSISTANT, "upgrade", "--to", GOOD, "--from", WHEELS, variables=OFFLINE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert state(offered) == (GOOD, "active")
    assert "ready" in offered.ask("/readyz")
    owners = box.must("stat", "--format=%U %a", f"{STATE}/state/backups/before-upgrade-of-{__version__}.tar.gz")
    assert owners == "inglenook 600\n"

    for version, why in ((BROKEN, "the new wiring is loose"), (LATE, "systemctl start inglenook.service")):
        failed = box.run(ASSISTANT, "upgrade", "--to", version, "--from", WHEELS, variables=OFFLINE)
        assert failed.returncode == 71, failed.stdout + failed.stderr
        assert f"{version} is not used" in failed.stderr
        assert why in failed.stderr
        assert state(offered) == (GOOD, "active")
        assert "ready" in offered.ask("/readyz")
        assert set(box.must("find", f"{STATE}/state", "-printf", "%u\n").split()) == {"inglenook"}
    names = box.must("find", str(VERSIONS), "-mindepth", "1", "-maxdepth", "1", "-type", "d", "-printf", "%f\n").split()
    assert sorted(names) == [__version__, GOOD]
