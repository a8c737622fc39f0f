"""A place for plugins that are made on the fly."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from assistant import hookspecs
from assistant.plugins import Plugin, Plugins
from tests.plugins.distribution import install

Load = Callable[..., Plugins]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for installed distributions, ahead on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.startswith(("plugin_", "assistant_plugin_"))]:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for single-file plugins."""
    (tmp_path / "plugins").mkdir()
    return tmp_path / "plugins"


@pytest.fixture
def load(site: Path, folder: Path) -> Load:
    """Install plugins by name and code, and load them, and none that is installed besides."""
    others = tuple(entry.name for entry in entry_points(group=hookspecs.NAME))

    def load(disabled: tuple[str, ...] = (), **plugins: str) -> Plugins:
        for name, code in plugins.items():
            install(site, name, code)
        return Plugins.load(disabled=(*others, *disabled), folder=folder)

    return load


def find(plugins: Plugins, name: str) -> Plugin:
    """Return the plugin of a name."""
    (plugin,) = (plugin for plugin in plugins if plugin.name == name)
    return plugin
