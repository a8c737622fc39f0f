"""Where things are, with one folder for all and without."""

from pathlib import Path

import pytest

import assistant
from assistant import paths

FOLDERS = {
    paths.config_file: ("config/assistant.yaml", "XDG_CONFIG_HOME", ".config/inglenook/assistant.yaml"),
    paths.data_folder: ("data", "XDG_DATA_HOME", ".local/share/inglenook"),
    paths.models_folder: ("data/models", "XDG_DATA_HOME", ".local/share/inglenook/models"),
    paths.state_folder: ("state", "XDG_STATE_HOME", ".local/state/inglenook"),
    paths.cache_folder: ("cache", "XDG_CACHE_HOME", ".cache/inglenook"),
}


def test_every_place_is_known_here():
    assert {folder.__name__ for folder in FOLDERS} == set(paths.__all__)
    assert assistant.cache_folder is paths.cache_folder, "the one that plugins need"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.__name__)
def test_a_place_follows_the_variables(folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    together, variable, alone = FOLDERS[folder]
    for name in ("INGLENOOK_HOME", "INGLENOOK_CONFIG", variable):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder() == tmp_path / alone
    monkeypatch.setenv(variable, str(tmp_path / "base"))
    assert folder() == tmp_path / "base" / "inglenook" / alone.partition("inglenook/")[2]
    monkeypatch.setenv("INGLENOOK_HOME", "~/all")
    assert folder() == tmp_path / "all" / together
