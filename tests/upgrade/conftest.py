"""Wheels of this version and of some that come after it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import __version__
from tests.source import ROOT
from tests.upgrade.versions import FAULTS, PATIENCE, STEP


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build wheels of the core: as it is, and later versions of it."""
    pytest.importorskip("hatchling", reason="wheels are built with hatchling")
    folder = tmp_path_factory.mktemp("wheels")
    for version in (__version__, *FAULTS):
        source = tmp_path_factory.mktemp("source")
        shutil.copytree(ROOT / "assistant", source / "assistant", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source / name)
        if version != __version__:
            replace(source / "assistant" / "__init__.py", f'"{__version__}"', f'"{version}"')
            replace(source / "assistant" / "state" / "migrations.py", '\n)\n"""Each step is', STEP)
            devices = "        devices = ["
            replace(source / "assistant" / "daemon" / "__init__.py", devices, f"        {FAULTS[version]}\n{devices}")
        build(source, folder)
    return folder


def build(source: Path, folder: Path) -> None:
    """Build the wheel of a project."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=PATIENCE)


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
