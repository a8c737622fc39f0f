"""The tests share modules that stand beside them: pytest and mypy find these by their bare names."""

import sys
from pathlib import Path

import pytest

from assistant.testing import model_path

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def model() -> str:
    """SmolLM2-135M-Instruct, the real one."""
    return model_path("smollm2-135m")


@pytest.fixture(scope="session")
def minilm() -> str:
    """The folder of all-MiniLM-L6-v2, the real one, as inglenook-minilm reads it."""
    return model_path("all-minilm-l6-v2")


@pytest.fixture(autouse=True)
def saved(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the prompts that are saved. The path of the model is known before the home is moved."""
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "cache" / "llama-cpp"
