"""Fixtures of the core's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put everything that the assistant keeps into an empty folder."""
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    monkeypatch.delenv("INGLENOOK_CONFIG", raising=False)
    yield tmp_path


@pytest.fixture
def house(tmp_path: Path) -> Home:
    """A home in which commands and the daemon can be run."""
    house = Home(tmp_path)
    house.write()
    return house
