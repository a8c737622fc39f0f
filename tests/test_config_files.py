"""Every file of `config/` is valid, for the core and for the engines that it names."""

import os
from pathlib import Path

import pytest

from assistant.assembly import load_plugins
from assistant.config import load
from assistant.models.configured import read_models
from tests.source import ROOT

FILES = sorted((ROOT / "config").glob("*.yaml"))
PLUGINS = {path.parent.name.removeprefix("inglenook-") for path in ROOT.glob("plugins/*/pyproject.toml")}


def test_there_are_files() -> None:
    assert {"demo.yaml", "minimal.yaml"} <= {file.name for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_valid_for_every_engine_that_it_names(
    file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", None)  # nothing is asked of the network
    loaded = load(file, {})
    plugins = load_plugins(loaded)
    if missing := PLUGINS - {plugin.name for plugin in plugins}:
        pytest.skip(f"not installed: {', '.join(sorted(missing))}")
    assert not [plugin for plugin in plugins if plugin.failure]
    assert set(read_models(loaded, plugins)) == set(loaded.config.models)


def test_the_environment_of_the_tests_sets_no_key() -> None:
    assert not [name for name in os.environ if name.startswith("INGLENOOK__")]
