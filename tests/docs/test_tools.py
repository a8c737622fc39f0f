"""docs/tools.md: its limits are those of the code, its example is a plugin."""

from pathlib import Path

from assistant import Tool
from assistant.pipeline import consent
from assistant.pipeline.tools import limits
from assistant.pipeline.tools.arguments import check, problem
from assistant.plugins import Plugins
from tests.docs.markdown import blocks, rows
from tests.source import ROOT

PAGE = ROOT / "docs" / "tools.md"


def test_every_limit_is_in_the_table() -> None:
    values = {name: value for name, value in vars(limits).items() if name.isupper()} | {"SECONDS": consent.SECONDS}
    assert {row[0].strip("`"): float(row[1]) for row in rows(PAGE, "Limits")} == values
    source = (ROOT / "assistant" / "pipeline" / "tools" / "limits.py").read_text()
    assert all(row[2] in " ".join(source.split()) for row in rows(PAGE, "Limits")[:-1])


def test_every_risk_is_in_the_table() -> None:
    assert [row[0].strip("`") for row in rows(PAGE, "Risks")] == ["read", "act", "sensitive"]


async def test_the_example_is_a_plugin(tmp_path: Path) -> None:
    [block] = blocks(PAGE, "python")
    (tmp_path / "garden.py").write_text(block.text)
    plugins = Plugins.load(folder=tmp_path)
    [tool] = [tool for tool in plugins.tools(None) if tool.spec.name == "water_garden"]
    assert isinstance(tool, Tool) and tool.describe is not None
    check(tool.spec)
    assert problem(tool.spec, {"part": "roof"}) and problem(tool.spec, {"part": "lawn", "minutes": 31})
    assert await tool.run({"part": "lawn"}) == "The lawn is watered for 5 minutes."
    assert tool.describe({"part": "roses"}, "de-AT") == "die Rosen bewässern"
