"""docs/config.md and the files in config/: complete, and loaded as they stand."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from assistant.config import Config, load
from assistant.config.describe import options
from assistant.models.configured import read_models
from tests.docs.markdown import Block, blocks
from tests.docs.reference import FILE, plugins_of_the_repository, with_reference
from tests.source import ROOT

SAMPLE = ROOT / "config" / "assistant.yaml"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "plugins").glob("*/README.md"))]
YAML = [(page, block) for page in PAGES for block in blocks(page, "yaml") if block.title != "wrong.yaml"]


def test_the_tables_are_fresh() -> None:
    assert with_reference(FILE.read_text()) == FILE.read_text(), "run: python -m tests.docs.reference"


def test_every_key_says_what_it_does() -> None:
    plugins = plugins_of_the_repository()
    structs: list[type[msgspec.Struct]] = [Config, *(spec.config for spec in plugins.engines.values())]
    assert not [option.key for struct in structs for option in options(struct) if not option.text]


@pytest.mark.parametrize(
    ("page", "block"), YAML, ids=[f"{page.relative_to(ROOT)}:{block.line}" for page, block in YAML]
)
def test_yaml_in_the_documentation_is_configuration(
    page: Path, block: Block, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home))
    (home / ".config" / "inglenook").mkdir(parents=True)
    (home / ".config" / "inglenook" / "key").write_text("secret\n")
    file = home / "assistant.yaml"
    file.write_text(block.text)
    read_models(load(file, {}), plugins_of_the_repository())


def test_the_full_sample_holds_the_defaults(home: Path) -> None:
    assert load(SAMPLE, {}).config == load(None, {}).config


def test_the_full_sample_names_every_key(home: Path) -> None:
    known = {option.key for option in options(Config)} - {"models.*.options"}  # these stand beside `engine`
    known -= {
        key for key in known if key.startswith(("aliases.", "providers."))
    }  # none is a default: a comment has them
    assert known - set(_written_keys()) == set()


def _written_keys() -> Iterator[str]:
    """Yield the keys that stand in the sample, with `*` for the names of models, assistants and devices."""
    for path, place in load(SAMPLE, {}).layer.places.items():
        if place.startswith(f"{SAMPLE}:"):
            named = path[0] in ("models", "assistants", "devices") and len(path) > 1
            yield ".".join([path[0], "*", *path[2:]] if named else path)
