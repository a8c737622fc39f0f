"""Everything that is pinned can be installed on 64-bit ARM: as a wheel, or built as docs/hardware.md says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import rows
from tests.source import ROOT

pytestmark = pytest.mark.once

GLIBC = range(17, 37)
"""Minor versions of the C library that a machine of today runs wheels for: Debian 12 has 2.36."""
PLATFORMS = [f"--platform=manylinux_2_{minor}_aarch64" for minor in GLIBC] + ["--platform=manylinux2014_aarch64"]
PINS = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
BUILT = {row[0].strip("`") for row in rows(ROOT / "docs" / "hardware.md", "ARM")}


def resolve(python: str, pins: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Let pip find a wheel for each pin, for another machine than this one; nothing is installed."""
    file = folder / "pins.txt"
    file.write_text("\n".join(pins))
    options = ["--dry-run", "--quiet", "--ignore-installed", "--no-deps", "--only-binary=:all:", f"--target={folder}"]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *options, *PLATFORMS]
    return subprocess.run(
        [*command, "--implementation=cp", f"--python-version={python}", f"--requirement={file}"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_what_is_built_is_pinned() -> None:
    assert {name for name, _ in PINS} >= BUILT


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_every_pin_has_a_wheel_or_is_built_as_documented(python: str, tmp_path: Path) -> None:
    done = resolve(python, [f"{name}=={version}" for name, version in PINS if name not in BUILT], tmp_path)
    if done.returncode and resolve(python, ["idna"], tmp_path).returncode:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, "\n".join(line for line in done.stderr.splitlines() if line.startswith("ERROR"))
