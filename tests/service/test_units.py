"""The units: what systemd itself says of them, and that the package carries the ones of the repository."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from assistant.service.places import COMMAND, STATE, USER
from assistant.service.units import system_unit_text, sysusers, user_unit_text

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def installed_version() -> int:
    told = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True).stdout
    return int(told.split()[1])


@needs_systemd
def test_the_system_service_is_hardly_exposed() -> None:
    if installed_version() < 250:
        pytest.skip("this systemd cannot analyse a file")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNITS / "inglenook.service")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    exposure = re.search(r"Overall exposure level for inglenook.service: ([\d.]+)", told)
    assert exposure, told
    assert float(exposure[1]) <= 2.0


@needs_systemd
@pytest.mark.parametrize("whose", ["system", "user"])
def test_this_systemd_understands_what_is_installed(tmp_path: Path, whose: str) -> None:
    true = Path(sys.executable)
    version = installed_version()
    text = (
        user_unit_text(version, true, {"INGLENOOK_HOME": "/a b"})
        if whose == "user"
        else system_unit_text(version).replace(str(COMMAND), str(true))
    )
    unit = tmp_path / "inglenook.service"
    unit.write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", f"--{whose}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, env={"XDG_RUNTIME_DIR": str(tmp_path)}, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", ["inglenook.service", "user/inglenook.service"])
def test_both_units_have_what_the_daemon_relies_on(unit: str) -> None:
    lines = (UNITS / unit).read_text().splitlines()
    for line in (
        "Type=notify",
        "Restart=on-failure",
        "RestartPreventExitStatus=75 78",
        "WatchdogSec=60",
        "TimeoutStopSec=10",
        "StartLimitIntervalSec=0",
        "LimitCORE=0",
    ):
        assert line in lines


def test_the_unit_and_the_installation_mean_the_same_places() -> None:
    lines = (UNITS / "inglenook.service").read_text().splitlines()
    assert f"ExecStart={COMMAND} run" in lines
    assert f"Environment=INGLENOOK_HOME={STATE}" in lines
    assert f"User={USER}" in lines
    assert f"StateDirectory={STATE.name}" in lines
    assert re.search(rf"^u {USER} .* {STATE}$", sysusers(), re.MULTILINE)


def test_an_old_systemd_gets_no_lines_that_it_would_complain_of() -> None:
    assert "RestartSteps" not in system_unit_text(252)
    assert system_unit_text(254) == (UNITS / "inglenook.service").read_text()


def test_a_path_with_signs_that_systemd_would_take_for_its_own_is_quoted() -> None:
    lines = user_unit_text(254, Path("/a b/100%/$x/assistant"), {"INGLENOOK_HOME": '/a "b"/$x%'}).splitlines()
    assert 'ExecStart="/a b/100%%/$$x/assistant" run' in lines
    assert 'Environment="INGLENOOK_HOME=/a \\"b\\"/$x%%"' in lines


def test_the_package_carries_the_units_of_the_repository(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for unit in ("inglenook.service", "inglenook.sysusers", "user/inglenook.service"):
            assert archive.read(f"assistant/service/units/{unit}") == (UNITS / unit).read_bytes()


def test_install_sh_installs_no_package_that_a_clone_does_not_need() -> None:
    script, ours = (ROOT / "install.sh").read_text(), (ROOT / "scripts" / "system-packages").read_text()
    wanted = re.search(r"packages=\(gcc (.*)\)", script)
    assert wanted
    for package in wanted[1].split():
        assert f"[{package}]=" in ours
