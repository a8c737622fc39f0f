"""`assistant models`: fetch the models, and see what is here."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from assistant.access.audit import Event
from assistant.cli.noting import tell_audit
from assistant.models.store import Progress, Report, Store

if TYPE_CHECKING:
    from assistant.cli import Settings
    from assistant.config import Loaded

__all__ = ["fetch", "models", "wanted_by_config"]


def wanted_by_config(loaded: "Loaded", store: Store) -> list[str]:
    """Return the ids of the models that a configuration names; raises ConfigError where it cannot be used."""
    from assistant.assembly import find_plugins
    from assistant.models.configured import read_models
    from assistant.models.references import wanted

    named: set[str] = set()
    for model in read_models(loaded, find_plugins(loaded)).values():
        named |= wanted(model.config, store.catalogue)
    return [model for model in store.catalogue.models if model in named]


@click.group()
def models() -> None:
    """Fetch, list, verify and remove models."""


@models.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what is neither here nor in the default set.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(everything: bool, as_json: bool) -> None:
    """List the models: what they are, how large, under which licence, and whether they are here."""
    store = Store.default()
    rows = [_row(store, model) for model in store.catalogue.models]
    rows = [row for row in rows if everything or row["default"] or row["state"] != "missing"]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table("id", "kind", "size", "licence", "state", box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(row["id"], row["kind"], decimal(row["size"]), row["licence"], row["state"])
    console = Console(soft_wrap=not sys.stdout.isatty())
    console.print(table)
    for licence, note in sorted({(row["licence"], row["note"]) for row in rows if row["note"]}):
        console.print(f"{licence}: {note}", style="dim")


def _row(store: Store, model: str) -> dict[str, Any]:
    entry = store.catalogue[model]
    state = "here" if store.is_complete(model) else "damaged" if store.is_here(model) else "missing"
    return {
        "id": model,
        "kind": str(entry.kind),
        "size": entry.size,
        "licence": entry.licence,
        "note": entry.note,
        "languages": entry.languages,
        "description": entry.description,
        "default": entry.default,
        "state": state,
        "path": str(store.path(model)) if state == "here" else None,
    }


@models.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--default", "default", is_flag=True, help="The default set, whatever the configuration names.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for every step.")
@click.pass_obj
def pull(settings: "Settings", ids: Sequence[str], default: bool, as_json: bool) -> None:
    """Fetch models, or mend them: those named, or all that the configuration needs."""
    store = Store.default()
    wanted = [*ids, *(store.catalogue.default if default else ())] or wanted_by_config(settings.load(), store)
    missing = store.missing(dict.fromkeys(wanted))
    fetch(wanted, as_json=as_json)
    for model in missing:
        tell_audit(settings, Event.MODEL_CHANGED, model=model, change="fetched")


def fetch(wanted: Sequence[str], *, as_json: bool = False) -> None:
    """Fetch models and show how far it has come; raises ModelError."""
    with _json_lines() if as_json else _bars() if sys.stdout.isatty() else _lines() as report:
        asyncio.run(Store.default().pull(dict.fromkeys(wanted), report))


@models.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
def verify(ids: Sequence[str]) -> None:
    """Hash the files of models, all that are here if none is named, and say which are damaged (exit status 1)."""
    store = Store.default()
    damaged = []
    for model in ids or [model for model in store.catalogue.models if store.is_here(model)]:
        damages = store.verify([model])
        for damage in damages:
            click.echo(f"{model}: {damage.file} {damage.reason}", err=True)
        if damages:
            damaged.append(model)
        else:
            click.echo(f"{model}: right")
    if damaged:
        click.echo(f"mend with: assistant models pull {' '.join(damaged)}", err=True)
        raise SystemExit(1)


@models.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.pass_obj
def remove(settings: "Settings", ids: Sequence[str]) -> None:
    """Delete models from this machine."""
    store = Store.default()
    for model in ids:
        asyncio.run(store.remove(model))
        click.echo(f"{model}: removed")
        tell_audit(settings, Event.MODEL_CHANGED, model=model, change="removed")


@contextlib.contextmanager
def _bars() -> Generator[Report, None, None]:
    """Draw a bar for each model."""
    columns = TextColumn("{task.description:<22}"), BarColumn(16), DownloadColumn(), TransferSpeedColumn()
    with Bars(*columns, TimeRemainingColumn(compact=True)) as bars:
        tasks: dict[str, Any] = {}

        def report(progress: Progress) -> None:
            if progress.model not in tasks:
                tasks[progress.model] = bars.add_task(progress.model, total=progress.total)
            bars.update(tasks[progress.model], completed=progress.done)

        yield report


@contextlib.contextmanager
def _lines() -> Generator[Report, None, None]:
    """Print one line for each model: when it is here."""
    sources: dict[str, str] = {}

    def report(progress: Progress) -> None:
        if progress.source:
            sources[progress.model] = progress.source
        elif progress.done == progress.total:
            origin = f"from {sources[progress.model]}" if progress.model in sources else "was here"
            click.echo(f"{progress.model}: {decimal(progress.total)}, {origin}")

    yield report


@contextlib.contextmanager
def _json_lines() -> Generator[Report, None, None]:
    """Print a line of JSON for each model when it begins, once a second, and when it is here."""
    last = ("", 0.0)

    def report(progress: Progress) -> None:
        nonlocal last
        ready = not progress.source and progress.done == progress.total
        if ready or last[0] != progress.model or time.monotonic() - last[1] >= 1:
            last = (progress.model, time.monotonic())
            line = {"model": progress.model, "done": progress.done, "total": progress.total}
            click.echo(json.dumps({**line, "source": progress.source, "ready": ready}))

    yield report
