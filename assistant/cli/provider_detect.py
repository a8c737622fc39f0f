"""`assistant providers detect`: which servers of models answer here, and on machines that the owner names."""

import asyncio
import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import click
import yaml

from assistant.assembly import find_plugins
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.config import Config
from assistant.paths import config_file
from assistant.providers.detect import HERE, Found, Place, places
from assistant.providers.detect import detect as look
from assistant.setup.saving import save

__all__ = ["detect"]


@click.command()
@click.argument("hosts", nargs=-1, metavar="[HOST | HOST:PORT]...")
@click.option("--write", is_flag=True, help="Write the sections into the configuration file; a copy of it is kept.")
@json_option
@click.pass_obj
def detect(settings: Settings, hosts: tuple[str, ...], write: bool, as_json: bool) -> None:
    """Look for servers of models on this machine and on each HOST, by what they answer at their usual ports.

    They are asked for their public pages only. A HOST:PORT is looked at there alone. No network is searched.
    """
    loaded = settings.load()
    specs = [*find_plugins(loaded).providers().values()]
    found = asyncio.run(look(places([HERE, *hosts], specs), specs))
    known = _configured(loaded.config, {spec.type: spec.endpoint for spec in specs})
    sections = _sections([one for one in found if one.types and one.place not in known], loaded.config.providers)
    if as_json:
        show_json({"found": [_as_json(one, known) for one in found], "providers": sections})
    else:
        _show(found, known, sections)
    if write and sections:
        file = settings.config or config_file()
        saved = save(file, {"providers": sections}, by="assistant providers detect --write")
        kept = f"; what it was is kept in {saved.backup.name}" if saved.backup else ""
        click.echo(f"{file} is written{kept}. A running daemon reads it when it starts next.", err=True)


def _show(found: Sequence[Found], known: Mapping[Place, str], sections: Mapping[str, Any]) -> None:
    if not found:
        click.echo("No server answers. One at another port is found as HOST:PORT.")
        return
    show_table(["where", "type", "also like", "note"], [_row(one, known) for one in found])
    if sections:
        click.echo("\n" + yaml.safe_dump({"providers": sections}, sort_keys=False).rstrip())


def _row(one: Found, known: Mapping[Place, str]) -> list[str]:
    types = [spec.type for spec in one.types]
    unknown = "" if types else "no plugin knows it; it may want a key"
    note = f"configured: {known[one.place]}" if one.place in known else unknown
    return [str(one.place), types[0] if types else "?", ", ".join(types[1:]), note]


def _as_json(one: Found, known: Mapping[Place, str]) -> dict[str, Any]:
    types = [spec.type for spec in one.types]
    return {"endpoint": one.endpoint, "types": types, "configured": known.get(one.place, "")}


def _configured(config: Config, usual: Mapping[str, str]) -> dict[Place, str]:
    """Return where the providers of the configuration are, and their names; *usual* is where a type is by itself."""
    where = {name: one.endpoint or usual.get(one.type, "") for name, one in config.providers.items()}
    return {Place.of(endpoint): name for name, endpoint in where.items() if endpoint}


def _sections(found: Sequence[Found], taken: Collection[str]) -> dict[str, dict[str, str]]:
    """Return a section for each, by a name that no other has: its type, with a number where that is taken."""
    sections = dict[str, dict[str, str]]()
    for one in found:
        type_ = one.types[0].type
        names = itertools.chain([type_], (f"{type_}-{number}" for number in itertools.count(2)))
        name = next(name for name in names if name not in taken and name not in sections)
        sections[name] = {"type": type_, "endpoint": one.endpoint}
    return sections
