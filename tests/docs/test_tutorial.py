"""docs/plugins.md, executed in its own order: its files are written, its commands run, their outputs compared."""

import os
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.docs.markdown import Block, blocks
from tests.source import ROOT

PAGE = ROOT / "docs" / "plugins.md"
PLUGIN = ROOT / "plugins" / "inglenook-echo"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Make a fresh virtual environment that sees what is installed here, and the variables to work in it."""
    folder = tmp_path / "venv"
    venv.create(folder, symlinks=True)
    [packages] = (folder / "lib").glob("python3.*/site-packages")
    here = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "zz_here.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in here))
    command = folder / "bin" / "assistant"
    command.write_text('#!/bin/sh\nexec "$(dirname "$0")/python" -m assistant "$@"\n')
    command.chmod(0o755)
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("INGLENOOK", "PIP_", "PYTEST"))}
    return ours | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "INGLENOOK_HOME": str(tmp_path / "home"),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as --no-build-isolation: the build tools are installed here
        "PIP_CONFIG_FILE": os.devnull,
    }


def test_the_tutorial(tmp_path: Path, environment: dict[str, str]) -> None:
    work = tmp_path / "work"
    for block in blocks(PAGE):
        if block.title:
            file = work / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
        elif block.language == "console":
            run_console(block, work, environment)
        else:
            assert block.language == "python", f"line {block.line}: a block that is neither file, command nor Python"
            subprocess.run(["python", "-c", block.text], cwd=work, env=environment, check=True)
    where = subprocess.check_output(
        ["python", "-c", "import assistant_echo; print(assistant_echo.__file__)"], cwd=work, env=environment, text=True
    )
    assert Path(where).is_relative_to(tmp_path), "the tutorial's own plugin was not the one that answered"


def run_console(block: Block, work: Path, environment: dict[str, str]) -> None:
    """Run the commands of a block, and look for each line that it shows in what they print."""
    commands: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            commands[-1][1].append(" ".join(line.split()))
    for command, shown in commands:
        done = subprocess.run(shlex.split(command), cwd=work, env=environment, capture_output=True, text=True)
        printed = [" ".join(line.split()) for line in (done.stdout + done.stderr).splitlines()]
        fails = any(line.startswith("assistant: ") for line in shown)
        assert (done.returncode != 0) == fails, f"line {block.line}: {command}: {done.stdout}{done.stderr}"
        for line in shown:
            assert any(line in other for other in printed), f"line {block.line}: {command} printed {printed}"


@pytest.mark.parametrize("name", ["pyproject.toml", "assistant_echo/__init__.py", "tests/test_echo.py"])
def test_it_builds_the_plugin_of_this_repository(name: str) -> None:
    [block] = [block for block in blocks(PAGE) if block.title == f"inglenook-echo/{name}"]
    assert block.text == (PLUGIN / name).read_text()
