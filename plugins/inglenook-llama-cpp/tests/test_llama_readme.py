import re
from pathlib import Path

import msgspec
from assistant_llama_cpp import LlamaConfig

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_lists_every_option_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", README.read_text(), re.MULTILINE))
    fields = msgspec.structs.fields(LlamaConfig)
    assert rows == {field.name: msgspec.json.encode(field.default).decode() for field in fields}
