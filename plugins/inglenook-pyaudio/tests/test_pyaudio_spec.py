import builtins
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from assistant_pyaudio import SinkConfig, SourceConfig, assistant_engines, open_sink, open_source

from assistant import EngineUnavailable
from assistant.testing import check_spec

README = (Path(__file__).parents[1] / "README.md").read_text()


@pytest.mark.parametrize("spec", assistant_engines(), ids=lambda spec: spec.name)
def test_spec(spec: Any) -> None:
    check_spec(spec)


@pytest.mark.parametrize("spec", assistant_engines(), ids=lambda spec: spec.name)
def test_readme_lists_every_option_with_its_default(spec: Any) -> None:
    section = README.split(f"## `{spec.name}`")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\|", section, re.MULTILINE))
    defaults = {field.name: field.default for field in msgspec.structs.fields(spec.config)}
    assert rows == {name: "" if default is None else str(default) for name, default in defaults.items()}


@pytest.mark.parametrize(("opened", "config"), [(open_source, SourceConfig()), (open_sink, SinkConfig())])
async def test_without_portaudio_it_says_what_to_install(
    opened: Any, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("assistant_pyaudio."):
            raise ImportError("libportaudio.so.2: cannot open shared object file")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(EngineUnavailable, match=r"libportaudio\.so\.2") as error:
        async with opened(config):
            pass
    assert error.value.hint == "apt-get install libportaudio2"
