"""Write the tables of docs/skills.md from the sentences to try of the built-in skills.

    python -m tests.docs.skills

A table stands between `<!-- sentences of NAME -->` and the next `<!-- end -->`.
"""

import re
from itertools import zip_longest
from unittest.mock import MagicMock

from assistant.skill import Skill
from assistant.skills import builtin
from tests.source import ROOT

FILE = ROOT / "docs" / "skills.md"
LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}
_TABLE = re.compile(r"(<!-- sentences of ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def skills() -> dict[str, Skill]:
    """Return the built-in skills that have sentences to try, by name."""
    return {skill.name: skill for skill in builtin(MagicMock()) if skill.examples}


def shown(text: str) -> list[str]:
    """Return the names of the skills whose tables stand in a text."""
    return [name for names in _TABLE.findall(text) for name in names[1].split()]


def with_sentences(text: str) -> str:
    """Return the text of docs/skills.md with fresh tables."""
    known = skills()

    def fresh(table: re.Match[str]) -> str:
        return f"{table[1]}\n{_table([known[name] for name in table[2].split()])}\n\n{table[3]}"

    return _TABLE.sub(fresh, text)


def _table(of: list[Skill]) -> str:
    rows = [tuple(LANGUAGES.values()), ("---",) * len(LANGUAGES)]
    for skill in of:
        rows += zip_longest(*(skill.examples[tag] for tag in LANGUAGES), fillvalue="")
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    FILE.write_text(with_sentences(FILE.read_text("utf-8")), "utf-8")
