"""How a step talks to a person, or goes on without one."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

__all__ = ["Dialogue"]

T = TypeVar("T")

_WIDTH = 80
_BAR = 30


class Dialogue:
    """Ask a person; where there is none, or all defaults are taken, answer with the default and say so."""

    def __init__(self, *, asks: bool) -> None:
        self.asks = asks
        """Whether a person answers."""
        self._console = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
        if self._console.width > _WIDTH:
            self._console.width = _WIDTH

    def title(self, text: str) -> None:
        """Begin a step."""
        self._console.print()
        self._console.print(text, style="bold")

    def say(self, text: str) -> None:
        """Say something, wrapped at the width of the terminal."""
        self._console.print(text)

    def show(self, text: str) -> None:
        """Print a line that must stay whole, as one with a path."""
        self._console.print(text, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table."""
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def complain(self, complaints: Sequence[str]) -> None:
        """Say what is wrong."""
        for complaint in complaints:
            self._console.print(f"! {complaint}", style="yellow")

    def choose(self, question: str, options: Sequence[tuple[T, str]], default: T) -> T:
        """Return the value of one of *options*, pairs of a value and what a person reads of it."""
        values = [value for value, _ in options]
        if not self.asks:
            self.say(f"{question}: {options[values.index(default)][1]}")
            return default
        for number, (_, label) in enumerate(options, 1):
            self.say(f"  {number}  {label}")
        chosen: int = click.prompt(question, type=click.IntRange(1, len(options)), default=values.index(default) + 1)
        return values[chosen - 1]

    def confirm(self, question: str, *, default: bool) -> bool:
        """Return yes or no."""
        return click.confirm(question, default=default) if self.asks else default

    def wait(self, text: str) -> None:
        """Wait until the person is ready."""
        if self.asks:
            click.prompt(text, default="", show_default=False, prompt_suffix="")

    @contextmanager
    def meter(self, text: str) -> Generator["Meter", None, None]:
        """Show a level for as long as the context is open."""
        with Live(console=self._console, refresh_per_second=12, transient=True) as live:
            yield Meter(text, live)


class Meter:
    """A bar that follows the loudness of a microphone."""

    def __init__(self, text: str, live: Live) -> None:
        self._text = text
        self._live = live

    def show(self, level: float) -> None:
        """Draw the bar, *level* from 0 to 1."""
        self._live.update(Text(f"{self._text:<32}{'▮' * round(_BAR * level):<{_BAR}}"))
