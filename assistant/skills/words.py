"""The words of a skill that its code has to know as well: they stand in its sentences, and only there."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["SENTENCES", "words"]

SENTENCES = str(Path(__file__).with_name("sentences"))
"""Folder of the sentences and responses of all built-in skills."""


@cache
def words(skill: str, language: str, *lists: str) -> Mapping[str, str]:
    """Return the values of some *lists* of a skill's sentences, by the words for each.

    They are those of English where the skill has no sentences in *language*, a BCP-47 tag.
    """
    files = [Path(SENTENCES, name, f"{skill}.yaml") for name in (language.partition("-")[0].lower(), "en")]
    file = next(file for file in files if file.is_file())
    tree: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return {value["in"]: value["out"] for name in lists for value in tree["lists"][name]["values"]}
