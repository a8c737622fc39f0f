"""Write the tables of docs/config.md from the configuration's own structs.

    python -m tests.docs.reference

The options of the engines are those of the plugins in this repository, which need not be installed for it.
"""

import importlib
import sys
import tomllib
from collections.abc import Iterator

from assistant.config import Config
from assistant.config.describe import Option, options
from assistant.plugins import Plugins
from tests.source import ROOT

FILE = ROOT / "docs" / "config.md"
BEGIN = "<!-- Made by `python -m tests.docs.reference`; what is written here by hand is lost. -->"
END = "<!-- End of what is made. -->"


def plugins_of_the_repository() -> Plugins:
    """Return the core's own plugins and those in `plugins/`, installed or not."""
    found = Plugins()
    found.add("wav", lambda: importlib.import_module("assistant.wav"))
    for folder in sorted((ROOT / "plugins").iterdir()):
        if (project := folder / "pyproject.toml").exists():
            if str(folder) not in sys.path:
                sys.path.append(str(folder))
            for name, module in tomllib.loads(project.read_text())["project"]["entry-points"]["assistant"].items():
                found.add(name, lambda module=module: importlib.import_module(module), folder.name)  # type: ignore[misc]
    broken = [f"{plugin.name}: {plugin.failure}" for plugin in found if plugin.failure]
    assert not broken, broken
    return found


def reference() -> str:
    """Return all tables: one for each section of the configuration, one for each engine."""
    core = list(options(Config))
    parts = []
    for section in [option for option in core if "." not in option.key]:
        below = [option for option in core if option.key.startswith(f"{section.key}.")]
        parts.append(f"### `{section.key}`\n\n{section.text}\n\n{_table(below)}" if below else _alone(section))
    plugins = plugins_of_the_repository()
    for plugin in plugins:
        for name in plugin.engines:
            kind, struct = plugins.engines[name].kind, plugins.engines[name].config
            title = f"### engine `{name}`\n\nKind: {kind}. From: {plugin.origin or 'the core'}."
            parts.append(f"{title}\n\n{_table(options(struct))}")
    return "\n\n".join(parts)


def _alone(option: Option) -> str:
    return f"### `{option.key}`\n\n{option.text}\n\nType: {option.type}."


def _table(rows: Iterator[Option] | list[Option]) -> str:
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for row in rows:
        key = row.key.replace("models.*.options", "models.*.OPTION")  # its keys stand beside `engine`
        default = f"`{row.default}`" if row.default else ""
        cells = [f"`{key}`", row.type, default, row.text.replace("|", r"\|")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def with_reference(text: str) -> str:
    """Return the text of docs/config.md with fresh tables."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"


if __name__ == "__main__":
    FILE.write_text(with_reference(FILE.read_text("utf-8")), "utf-8")
