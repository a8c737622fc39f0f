"""What is public, what may import what, and how little an import loads."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import assistant
from tests.source import files, imports, tree

CORE = files("assistant")
PLUGINS = [file for file in files("plugins") if "tests" not in file.parts]


def modules() -> list[str]:
    found = (".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in CORE)
    return [name for name in found if not name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_all_is_complete_and_true(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert len(exported) == len(set(exported))
    for thing in exported:
        assert hasattr(module, thing), f"{name}.__all__ names {thing}, which is not there"


def test_what_plugin_authors_import_is_sorted_and_complete() -> None:
    for module in (assistant, importlib.import_module("assistant.testing")):
        body = tree(Path(module.__name__.replace(".", "/")) / "__init__.py").body
        imported = {
            alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        assert set(module.__all__) == imported
        constants, classes, others = (
            [name for name in module.__all__ if name.isupper() and len(name) > 1],
            [name for name in module.__all__ if name[0].isupper() and not name.isupper()],
            [name for name in module.__all__ if name[0].islower()],
        )
        assert module.__all__ == [*sorted(constants), *sorted(classes), *sorted(others)]


def test_everything_a_plugin_needs_is_exported() -> None:
    for module in ("audio", "chat", "entities", "speech", "vision", "errors", "skill"):
        missing = set(importlib.import_module(f"assistant.{module}").__all__) - set(assistant.__all__)
        assert not missing, f"assistant.{module}: {missing}"


LAYERS: dict[str, set[str]] = {
    "audio": set(),
    "cgroups": set(),
    "errors": set(),
    "events": set(),
    "machine": {"cgroups"},
    "paths": set(),
    "speech": set(),
    "vision": set(),
    "chat": {"audio", "vision"},
    "entities": set(),
    "engines": {"audio", "chat", "entities", "speech", "vision"},
    "skill": {"chat", "engines"},
    "host": {"chat", "controls", "engines", "events", "home"},
    "hookspecs": {"chat", "engines", "host", "providers", "skill"},
    "streams": {"errors"},
    "wire": {"audio", "chat", "errors", "speech", "vision"},
}
"""What the modules at the bottom may import of the core."""

TOP = {"http", "lan", "daemon", "cli", "assembly", "demo", "privacy", "hardware", "setup"}
"""What stands on top: nothing below may import it."""


def of_core(file: Path) -> set[tuple[int, str]]:
    """Return the lines and parts of the core (`assistant.<part>`) that a file imports."""
    found = set()
    for line, name, _ in imports(file):
        parts = name.split(".")
        if parts[0] == "assistant":
            found.add((line, parts[1] if len(parts) > 1 else ""))
    return found


@pytest.mark.parametrize("name", LAYERS)
def test_the_bottom_imports_only_what_lies_below(name: str) -> None:
    assert {part for _, part in of_core(Path("assistant", f"{name}.py"))} <= LAYERS[name]


def test_the_middle_never_imports_the_top() -> None:
    wrong = [
        f"{file}:{line} imports assistant.{part}"
        for file in CORE
        if file.parts[1].removesuffix(".py") not in TOP and file.parts[1] not in ("__main__.py", "testing")
        for line, part in of_core(file)
        if part in TOP
    ]
    assert not wrong


def test_the_command_line_is_imported_by_nobody() -> None:
    wrong = [
        f"{file}:{line}"
        for file in CORE
        if file.parts[1] not in ("cli", "__main__.py")
        for line, part in of_core(file)
        if part == "cli"
    ]
    assert not wrong


def test_plugins_import_only_the_public_part_of_the_core() -> None:
    public = {"assistant", "assistant.testing"}
    wrong = [
        f"{file}:{line} imports {name}"
        for file in PLUGINS
        for line, name, _ in imports(file)
        if name.split(".")[0] == "assistant" and name.rpartition(".")[0] not in public and name not in public
    ]
    assert PLUGINS
    assert not wrong


HEAVY = {
    "aiohttp",
    "click",
    "ctranslate2",
    "faster_whisper",
    "llama_cpp",
    "numpy",
    "onnxruntime",
    "piper",
    "pyaudio",
    "rich",
    "soxr",
    "sqlite3",
    "yaml",
}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh Python has loaded after *statement*."""
    program = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_core_is_imported_without_anything_heavy() -> None:
    loaded = loaded_by("import assistant")
    assert "msgspec" in loaded
    assert not loaded & HEAVY


def test_plugins_offer_their_engines_without_anything_heavy() -> None:
    loaded = loaded_by("from assistant.plugins import Plugins; assert 'echo' in Plugins.load().engines")
    assert not loaded & HEAVY - {"aiohttp", "click", "rich", "yaml"}


def test_help_needs_no_engine() -> None:
    loaded = loaded_by("from assistant.cli import cli; cli.main(['--help'], standalone_mode=False)")
    assert "click" in loaded
    assert not loaded & HEAVY - {"aiohttp", "click", "rich", "sqlite3", "yaml"}
