"""Real engines, real models; state and cache in an empty folder."""

from pathlib import Path

import pytest

from assistant.paths import models_folder

CONFIG = Path(__file__).parents[2] / "config" / "demo.yaml"

EVEN = {"INGLENOOK__MODELS__TTS__NOISE": "0", "INGLENOOK__MODELS__TTS__RHYTHM_NOISE": "0"}
"""Lets the voice say the same each time: a whim of it is misheard now and then."""


@pytest.fixture
def real_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home that shares the models of this machine (`assistant models pull --default`)."""
    models = models_folder()
    assert models.is_dir(), f"{models} is missing: assistant models pull --default"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models").symlink_to(models)
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    monkeypatch.delenv("INGLENOOK_CONFIG", raising=False)
    for variable, value in EVEN.items():
        monkeypatch.setenv(variable, value)
    return tmp_path
