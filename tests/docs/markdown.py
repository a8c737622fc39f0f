"""Read markdown as far as the checks of the documentation need it: blocks of code, headings, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.source import ROOT, SKIPPED


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code."""

    language: str
    """The first word after the fence, e.g. `yaml`."""
    title: str
    """What follows it: the name of the file that the block is, or nothing."""
    text: str
    """The lines between the fences."""
    heading: str
    """The heading above it."""
    line: int
    """Where it begins, counted from 1."""


def files() -> list[Path]:
    """Return every markdown file of the repository."""
    found = (file.relative_to(ROOT) for file in sorted(ROOT.rglob("*.md")))
    return [ROOT / file for file in found if not any(part.startswith(".") or part in SKIPPED for part in file.parts)]


def blocks(file: Path, language: str = "") -> list[Block]:
    """Return the blocks of a file, or those of one language."""
    return [block for block in _blocks(file.read_text("utf-8")) if language in ("", block.language)]


def _blocks(text: str) -> Iterator[Block]:
    heading, info, lines, begun = "", None, list[str](), 0
    for number, line in enumerate(text.splitlines(), 1):
        if info is not None and line.rstrip() != "```":
            lines.append(line)
        elif info is not None:
            language, _, title = info.partition(" ")
            yield Block(language, title.strip(), "\n".join(lines) + "\n", heading, begun)
            info = None
        elif line.startswith("```"):
            info, lines, begun = line[3:].strip(), [], number
        elif line.startswith("#"):
            heading = line.lstrip("#").strip()
    assert info is None, f"the block of line {begun} has no end"


def headings(file: Path) -> list[str]:
    """Return the headings of a file, without their marks."""
    return [line.lstrip("#").strip() for line in _prose(file).splitlines() if re.match(r"#{1,6} ", line)]


def anchors(file: Path) -> set[str]:
    """Return the names by which the headings of a file can be linked to, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(file)}


def links(file: Path) -> list[str]:
    """Return the targets of all links and pictures of a file."""
    return re.findall(r"\]\(([^)\s]+)\)", _prose(file))


def rows(file: Path, heading: str) -> list[list[str]]:
    """Return the cells of the table below *heading*, without its head."""
    section = re.split(rf"(?m)^#+ {re.escape(heading)}$", file.read_text("utf-8"), maxsplit=1)[1]
    table = re.search(r"(?m)^\|.*(?:\n\|.*)*", section)
    assert table, f"there is no table below {heading!r}"
    return [
        [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in table[0].splitlines()[2:]
    ]


def _prose(file: Path) -> str:
    """Return the text of a file without its blocks of code."""
    return re.sub(r"(?ms)^```.*?^```$", "", file.read_text("utf-8"))
