"""docs/hooks.md: every hook with its exact signature, and an example that is a plugin."""

import inspect
from collections.abc import Callable
from pathlib import Path

import pluggy
import pytest

from assistant import Candidate, Capabilities, ChatMessage, ChatRequest, hookspecs
from assistant.plugins import Plugins
from tests.docs.markdown import blocks, headings
from tests.source import ROOT

PAGE = ROOT / "docs" / "hooks.md"
HOOKS: dict[str, Callable[..., object]] = {
    name: function
    for name, function in vars(hookspecs).items()
    if inspect.isfunction(function) and hasattr(function, f"{hookspecs.NAME}_spec")
}


def heading(name: str) -> str:
    return f"`{name}{inspect.signature(HOOKS[name])}`".replace("'", "")


def test_every_hook_has_a_heading_with_its_signature() -> None:
    manager = pluggy.PluginManager(hookspecs.NAME)
    manager.add_hookspecs(hookspecs)
    assert set(HOOKS) == set(vars(manager.hook))
    assert [line for line in headings(PAGE) if line.startswith("`")] == [heading(name) for name in HOOKS]


@pytest.mark.parametrize("name", HOOKS)
def test_the_text_below_begins_with_what_the_hook_says(name: str) -> None:
    assert f"## {heading(name)}\n\n{inspect.getdoc(HOOKS[name])}\n" in PAGE.read_text()


def example(name: str, folder: Path) -> Plugins:
    """Return the plugins with the example of a hook among them."""
    [block] = [block for block in blocks(PAGE, "python") if block.heading == heading(name)]
    (folder / "example.py").write_text(block.text)
    return Plugins.load(folder=folder)


@pytest.mark.parametrize("name", HOOKS)
def test_the_example_is_a_plugin(name: str, tmp_path: Path) -> None:
    [plugin] = [plugin for plugin in example(name, tmp_path) if plugin.name == "example"]
    assert plugin.failure is None


async def test_what_the_examples_offer(tmp_path: Path) -> None:
    assert "shout" in example("assistant_engines", tmp_path).engines
    assert "morning" in example("assistant_services", tmp_path).services()
    assert "clock" in example("assistant_providers", tmp_path).providers()
    assert "greet" in [command.name for command in example("assistant_commands", tmp_path).commands()]
    assert "light" in [observer.name for observer in example("assistant_observers", tmp_path).observers()]
    routes = example("assistant_routes", tmp_path).routes(None)
    assert ("example", "/models") in [(name, route.path) for name, route in routes]
    [tool] = [tool for tool in example("assistant_tools", tmp_path).tools(None) if tool.spec.name == "time_of_day"]
    assert (await tool.run({})).startswith("It is ")


def test_the_example_that_routes(tmp_path: Path) -> None:
    plugins = example("assistant_route_turn", tmp_path)
    candidates = (Candidate("small", Capabilities(rank=135)), Candidate("large", Capabilities(rank=7000)))
    asked = [ChatRequest((ChatMessage.of("user", text),)) for text in ("What time is it?", "why " * 60)]
    assert [plugins.route_turn(request, candidates) for request in asked] == [None, "large"]
