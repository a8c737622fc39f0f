import re
from pathlib import Path

import msgspec
import pytest
from assistant_llama_cpp import LlamaConfig, LlamaEmbedConfig

from assistant import EngineConfig

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize(("engine", "config"), [("llama-cpp", LlamaConfig), ("llama-cpp-embed", LlamaEmbedConfig)])
def test_the_readme_lists_every_option_with_its_default(engine: str, config: type[EngineConfig]) -> None:
    _, _, below = README.read_text().partition(f"## Options of `{engine}`\n")
    table, _, _ = below.partition("\n## ")
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", table, re.MULTILINE))
    assert rows == {
        name: msgspec.json.encode(value).decode() for name, value in msgspec.structs.asdict(config()).items()
    }
