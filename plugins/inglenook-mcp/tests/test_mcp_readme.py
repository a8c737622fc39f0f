"""The README names every option."""

from pathlib import Path

import msgspec
import pytest
from assistant_mcp import McpConfig, ServerConfig, ToolConfig

README = (Path(__file__).parent.parent / "README.md").read_text()


@pytest.mark.parametrize("struct", [McpConfig, ServerConfig, ToolConfig])
def test_every_option_has_a_row(struct: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(struct):
        assert f"| `{field.name}` |" in README, field.name
