"""How commands show what they found: tables that fit a terminal, JSON for programs."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["json_option", "show_json", "show_receipt", "show_table", "table"]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""The option of every command whose output a program may read."""


def show_json(value: Any) -> None:
    """Print *value* as one JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table that wraps its last column at the terminal's width."""
    Console(highlight=False, markup=False).print(table(columns, rows))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table that wraps its last column at the terminal's width."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns[:-1]:
        made.add_column(name, no_wrap=True, overflow="ellipsis")
    made.add_column(columns[-1], overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def show_receipt(parts: dict[str, float], voice_to_voice: float) -> None:
    """Print the waterfall of a turn."""
    longest = max(parts.values(), default=0.0) or 1.0
    for stage, seconds in parts.items():
        click.echo(f"  {stage:<14}{seconds:7.3f} s  {'█' * round(30 * seconds / longest)}")
    click.echo(f"  {'total':<14}{voice_to_voice:7.3f} s")
