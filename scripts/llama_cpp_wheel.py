"""Build llama-cpp-python for this machine: once, then its wheel is taken from a cache outside the clone.

The package comes as source only, and compiled for this very processor it is a good deal faster than for any.
"""

import fcntl
import hashlib
import os
import platform
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from progress import run

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
_ONLY_THE_LIBRARY = Path(__file__).with_name("llama-cpp.cmake")


class Backend(NamedTuple):
    """What llama.cpp computes on."""

    options: list[str]
    """The options of its build."""
    compiler: str
    """The command that must be there to build it."""


BACKENDS = {
    "": Backend([], "c++"),
    "cuda": Backend(["-DGGML_CUDA=ON"], "nvcc"),
    "metal": Backend(["-DGGML_METAL=ON"], "xcrun"),
    "rocm": Backend(["-DGGML_HIP=ON"], "hipconfig"),
    "vulkan": Backend(["-DGGML_VULKAN=ON"], "glslc"),
}
"""The backends by the values of `GPU`."""


def _options(gpu: str) -> list[str]:
    if gpu not in BACKENDS:
        sys.exit(f"GPU={gpu} is not known. Use one of: {', '.join(filter(None, BACKENDS))}.")
    own = shlex.split(os.environ.get("CMAKE_ARGS", ""))
    return ["-DGGML_NATIVE=ON", *BACKENDS[gpu].options, *own]


def _processor() -> str:
    """Return what code compiled for this very processor depends on."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    return " ".join(sorted(flags[1].split())) if flags else platform.processor()


def cached_wheel(gpu: str) -> Path:
    """Return the folder in the cache for the wheel of this version, processor, C library and backend."""
    version = re.search(r"^llama-cpp-python==(\S+)$", CONSTRAINTS.read_text(), re.MULTILINE)
    assert version is not None
    what = [platform.machine(), _processor(), *platform.libc_ver(), *_options(gpu), _ONLY_THE_LIBRARY.read_text()]
    digest = hashlib.sha256("\n".join(what).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inglenook" / "wheels"
    return cache / f"llama-cpp-python-{version[1]}-{gpu or 'cpu'}-{digest}"


def wheel(python: Path, gpu: str) -> Path:
    """Return the wheel, built with the pip of `python` if the cache has none yet."""
    folder = cached_wheel(gpu)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two clones may build at once
        if not (found := list(folder.glob("*.whl"))):
            building = folder / "building"
            shutil.rmtree(building, ignore_errors=True)  # of a build that was cut short
            building.mkdir()
            _build(python, gpu, building)
            (built,) = building.glob("*.whl")
            found = [built.rename(folder / built.name)]
            shutil.rmtree(building)
    return found[0]


def _build(python: Path, gpu: str, folder: Path) -> None:
    compiler = BACKENDS[gpu].compiler
    if not shutil.which(compiler):
        sys.exit(f"llama.cpp cannot be built: {compiler} was not found. Install it, or add its folder to PATH.")
    options = [*_options(gpu), f"-DCMAKE_PROJECT_llama_cpp_INCLUDE={_ONLY_THE_LIBRARY}"]
    # Not from pip's own cache, which takes a wheel for the same whatever it was compiled for.
    pip: list[str | Path] = [python, "-m", "pip", "wheel", "--no-cache-dir", "--no-input", "--no-deps", "--verbose"]
    pip += ["--wheel-dir", folder, "--constraint", CONSTRAINTS, "--build-constraint", CONSTRAINTS]
    # llama.cpp's own installation would put the libraries in a second time, and its headers.
    settings = ["--config-settings=build.verbose=false", "--config-settings=wheel.exclude=lib/*;include/*"]
    run(
        f"Building llama.cpp for this machine ({gpu or 'CPU'}), a few minutes, once",
        [*pip, *settings, "llama-cpp-python"],
        env={"CMAKE_ARGS": shlex.join(options), "TMPDIR": str(folder)},  # /tmp may be small: the source is 220 MB
    )
