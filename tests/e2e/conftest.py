"""Real engines, real models; state and cache in an empty folder."""

from pathlib import Path

import pytest

from assistant.paths import models_folder

CONFIG = Path(__file__).parents[2] / "config" / "demo.yaml"


@pytest.fixture
def real_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home that shares the models of this machine (`assistant models pull --default`)."""
    models = models_folder()
    assert models.is_dir(), f"{models} is missing: assistant models pull --default"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models").symlink_to(models)
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    monkeypatch.delenv("INGLENOOK_CONFIG", raising=False)
    return tmp_path
