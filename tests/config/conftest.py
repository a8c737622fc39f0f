"""A configuration of files and variables, read as the daemon reads it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from assistant.config import Loaded, load

Read = Callable[..., Loaded]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write `assistant.yaml`, files of `conf.d`, and read them with some variables."""

    def read(text: str | bytes = "", variables: Mapping[str, str] | None = None, **parts: str) -> Loaded:
        file = tmp_path / "assistant.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        (tmp_path / "conf.d").mkdir(exist_ok=True)
        for name, part in parts.items():
            (tmp_path / "conf.d" / f"{name}.yaml").write_text(part, "utf-8")
        return load(file, variables or {})

    return read
