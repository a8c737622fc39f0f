"""docs/operations.md: the exit codes are those of the errors, the commands are those that there are."""

import inspect
import re

from assistant import errors
from assistant.cli import _COMMANDS
from assistant.pipeline.receipt import STAGES
from tests.docs.markdown import rows
from tests.source import ROOT

PAGE = ROOT / "docs" / "operations.md"


def test_every_error_has_its_exit_code() -> None:
    table = {row[1].strip("`"): int(row[0]) for row in rows(PAGE, "Exit codes") if row[1]}
    known = [getattr(errors, name) for name in errors.__all__]
    assert table == {error.__name__: error.exit_code for error in known}


def test_every_error_is_told_in_its_own_words() -> None:
    table = {row[1].strip("`"): row[2] for row in rows(PAGE, "Exit codes") if row[1]}
    for name in set(errors.__all__) - {"AssistantError"}:
        said = str(inspect.getdoc(getattr(errors, name))).rstrip(".")
        assert table[name] == said[0].lower() + said[1:]


def test_every_stage_of_a_receipt_is_explained() -> None:
    assert [row[0].strip("`") for row in rows(PAGE, "Receipts")] == list(STAGES)


def test_every_command_in_the_documentation_exists() -> None:
    call = re.compile(r"(?m)(?:^\$ |`|^    )assistant (?:--debug |--config \S+ )?([a-z][a-z-]*)\b")
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for command in call.findall(page.read_text()):
            assert command in _COMMANDS, f"{page.name}: assistant {command}"
