"""Make a virtual environment with the core, every plugin and the tools of development, or bring one up to date.

    python3 scripts/environment.py .venv

It is of the Python that runs this, holds the versions of constraints.txt, and is left alone while nothing changed.
With `--only FILE`, a file of requirements in this repository, it holds what that lists and nothing else.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import llama_cpp_wheel
from llama_cpp_wheel import CONSTRAINTS, ROOT
from progress import run

BUILD_TOOLS = ["pip", "editables", "hatchling", "setuptools"]
DEVELOPMENT_TOOLS = [
    "gguf",
    "langchain-openai",
    "llm",
    "mypy",
    "ollama",
    "openai",
    "prometheus-client",
    "pytest",
    "pytest-asyncio",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
    "schemathesis",
    "scikit-image",
    "types-PyYAML",
]


def journal_library() -> list[str]:
    """Return the library that gives the journal its fields, where the headers that it is compiled with are there."""
    asks = shutil.which("pkg-config")
    there = asks and subprocess.run([asks, "--exists", "libsystemd"], check=False).returncode == 0
    return ["systemd-python"] if there else []


def projects() -> list[Path]:
    """Return the folders of the core and of every plugin."""
    return [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]


def fingerprint(gpu: str, only: Path | None) -> str:
    """Return a digest of all that the contents of the environment follow from."""
    facts, files = [sys.version], [Path(__file__)]
    if only:
        files.append(only)
    else:
        facts += [llama_cpp_wheel.cached_wheel(gpu).name, str(journal_library())]
        files += [CONSTRAINTS, *(project / "pyproject.toml" for project in projects())]
    digest = hashlib.sha256("".join(f"{fact}\n" for fact in facts).encode())
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def is_whole(environment: Path) -> bool:
    """Say whether the environment is of this Python and has a pip that runs."""
    python = environment / "bin" / "python"
    ask = [str(python), "-c", "import pip, sys; print(sys.version)"]
    return python.exists() and subprocess.run(ask, capture_output=True, text=True).stdout.strip() == sys.version


def fill(environment: Path, gpu: str, only: Path | None) -> None:
    """Install what `only` lists, or else the build tools, llama-cpp-python as compiled here, then the rest."""
    python = environment / "bin" / "python"
    install: list[str | Path] = [python, "-m", "pip", "install", "--no-input", "--progress-bar=off"]
    if only:
        run(f"{environment.name}: installing {only.name}", [*install, "--requirement", only])
        return

    install += ["--constraint", CONSTRAINTS]
    run(f"{environment.name}: installing the build tools", [*install, *BUILD_TOOLS])

    wheel = llama_cpp_wheel.wheel(python, gpu)
    installed = environment / "llama-cpp-wheel"
    if not installed.exists() or installed.read_text() != wheel.parent.name:
        # By force, for pip cannot tell two builds of one version.
        run(f"{environment.name}: installing llama-cpp-python", [*install, "--no-deps", "--force-reinstall", wheel])
        installed.write_text(wheel.parent.name)

    install.append("--no-build-isolation")  # the build tools are there: none is fetched again for each plugin
    editable = [f"--editable={project}" for project in projects()]
    everything = [*editable, "llama-cpp-python", *journal_library(), *DEVELOPMENT_TOOLS]
    run(f"{environment.name}: installing the core, the plugins and the tools", [*install, *everything])


def main() -> None:
    """Make or update the environment that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environment", type=Path)
    parser.add_argument("--only", type=lambda name: Path(name).resolve(), metavar="FILE")
    arguments = parser.parse_args()
    environment, only = arguments.environment.resolve(), arguments.only
    gpu = os.environ.get("GPU", "")

    stamp = environment / "fingerprint"
    wanted = fingerprint(gpu, only)
    whole = is_whole(environment)
    if not (whole and stamp.exists() and stamp.read_text() == wanted):
        stamp.unlink(missing_ok=True)
        if not whole:
            create = [sys.executable, "-m", "venv", "--clear", environment]
            run(f"{environment.name}: making a virtual environment", create)
        fill(environment, gpu, only)
        stamp.write_text(wanted)
    held = only.name if only else f"{len(projects()) - 1} plugins"
    print(f"{environment.name}: Python {platform.python_version()} with {held} is ready.")


if __name__ == "__main__":
    main()
