"""`assistant providers detect`: which servers of models answer here, and on machines that the owner names."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import click
import yaml

from assistant.assembly import find_plugins
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.paths import config_file
from assistant.providers.detect import HERE, Found, Place, configured, places, sections
from assistant.providers.detect import detect as look
from assistant.setup.saving import save

__all__ = ["detect"]


@click.command()
@click.argument("hosts", nargs=-1, metavar="[HOST | HOST:PORT | https://HOST]...")
@click.option("--write", is_flag=True, help="Write the sections into the configuration file; a copy of it is kept.")
@json_option
@click.pass_obj
def detect(settings: Settings, hosts: tuple[str, ...], write: bool, as_json: bool) -> None:
    """Look for servers of models on this machine and on each HOST, by what they answer at their usual ports.

    They are asked for their public pages only. A HOST:PORT is looked at there alone, and so is https://HOST:PORT (443
    by itself). No network is searched.
    """
    loaded = settings.load()
    specs = [*find_plugins(loaded).providers().values()]
    found = asyncio.run(look(places([HERE, *hosts], specs), specs))
    known = configured(loaded.config.providers, {spec.type: spec.endpoint for spec in specs})
    new = sections((one for one in found if one.place not in known), loaded.config.providers)
    if as_json:
        show_json({"found": [_as_json(one, known) for one in found], "providers": new})
    else:
        _show(found, known, new)
    if write and new:
        file = settings.config or config_file()
        saved = save(file, {"providers": new}, by="assistant providers detect --write")
        kept = f"; what it was is kept in {saved.backup.name}" if saved.backup else ""
        click.echo(f"{file} is written{kept}. A running daemon reads it when it starts next.", err=True)


def _show(found: Sequence[Found], known: Mapping[Place, str], new: Mapping[str, Any]) -> None:
    if not found:
        click.echo("No server answers. One at another port is found as HOST:PORT.")
        return
    show_table(["where", "type", "also like", "note"], [_row(one, known) for one in found])
    if new:
        click.echo("\n" + yaml.safe_dump({"providers": new}, sort_keys=False).rstrip())


def _row(one: Found, known: Mapping[Place, str]) -> list[str]:
    types = [spec.type for spec in one.types]
    unknown = "" if types else one.trouble or "no plugin knows it; it may want a key"
    note = f"configured: {known[one.place]}" if one.place in known else unknown
    return [str(one.place), types[0] if types else "?", ", ".join(types[1:]), note]


def _as_json(one: Found, known: Mapping[Place, str]) -> dict[str, Any]:
    types = [spec.type for spec in one.types]
    return {"endpoint": one.endpoint, "types": types, "configured": known.get(one.place, ""), "trouble": one.trouble}
