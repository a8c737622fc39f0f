"""The environment of the peers: their own libraries at the versions of peers.txt, outside the clone."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

__all__ = ["PEERS", "peers", "versions"]

PEERS = Path(__file__).with_name("peers.txt")
_PEERS = ("pipecat-ai", "wyoming-faster-whisper", "wyoming-piper")
_SHARED = ("faster-whisper", "ctranslate2", "onnxruntime", "piper-tts", "llama-cpp-python")


def peers(cache: Path) -> Path:
    """Return the interpreter of the environment in *cache*; it is made at the first time.

    llama.cpp is the build that the project made for this machine, so that nobody writes with a slower one.
    """
    environment = cache / f"peers-{hashlib.sha256(PEERS.read_bytes() + sys.version.encode()).hexdigest()[:12]}"
    python = environment / "bin" / "python"
    whole = environment / "whole"
    if not whole.exists():
        print(f"making an environment for the peers in {environment}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        install = [str(python), "-m", "pip", "install", "--no-input", "--quiet", "--disable-pip-version-check"]
        wheels = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inglenook" / "wheels"
        install += [f"--find-links={folder}" for folder in sorted(wheels.glob("*/"))]
        subprocess.run([*install, "--requirement", PEERS], check=True)
        whole.touch()
    return python


def versions(python: Path) -> dict[str, str]:
    """Return the versions of the libraries that matter, in the environment of *python*."""
    ask = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {_PEERS + _SHARED!r}}}))"
    answer = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(answer.stdout)
    return found
