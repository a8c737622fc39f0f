"""The source of this repository, as the tests that walk it see it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SKIPPED = {"__pycache__", "build", "dist", "node_modules"}


def files(*folders: str) -> list[Path]:
    """Return the Python files below *folders*, by their path from the root; hidden and built ones are left out."""
    found = (file.relative_to(ROOT) for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return [file for file in found if not any(part.startswith(".") or part in SKIPPED for part in file.parts)]


@cache
def tree(file: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse((ROOT / file).read_text("utf-8"), str(file))


def imports(file: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield the line and full name of every module that *file* imports, and whether for types only."""

    def walk(node: ast.AST, typing: bool) -> Iterator[tuple[int, str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((child.lineno, alias.name, typing) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                module = "." * child.level + (child.module or "")
                yield from ((child.lineno, f"{module}.{alias.name}", typing) for alias in child.names)
            yield from walk(child, typing or (isinstance(child, ast.If) and _is_typing(child.test)))

    yield from walk(tree(file), False)


def _is_typing(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"
