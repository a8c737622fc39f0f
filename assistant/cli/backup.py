"""`assistant backup`: one archive of what cannot be fetched again."""

import time
from pathlib import Path

import click
import msgspec

from assistant.backup import Places, restore, write_archive
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json
from assistant.errors import ConfigError

__all__ = ["backup"]


@click.group()
def backup() -> None:
    """Save configuration and state in one archive, and bring them back. Models are not in it."""


@backup.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def create(settings: Settings, file: Path | None, as_json: bool) -> None:
    """Write the archive, readable by you only; a running daemon is not disturbed."""
    file = file or Path(time.strftime("inglenook-%Y-%m-%d-%H%M%S.tar.gz"))
    contents = write_archive(Places.here(settings.config), file)
    if as_json:
        show_json({"file": str(file.resolve()), **msgspec.to_builtins(contents)})
        return
    for name in contents.files:
        click.echo(f"  {name}")
    for name in contents.left_out:
        click.echo(f"  left out, because it is very large or oddly named: {name}", err=True)
    click.echo(f"{file}: {file.stat().st_size} bytes, readable by you only")
    click.echo(
        "It holds secrets: the key of this machine's programs, those in the configuration, and what was said, where "
        "history.keep is set. It is not encrypted. What ${file:…} names elsewhere, and models, are not in it."
    )


@backup.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def restore_(settings: Settings, file: Path, as_json: bool) -> None:
    """Replace configuration and state by those of an archive. The daemon must not run."""
    contents = restore(file, Places.here(settings.config))
    fault = ""
    try:
        settings.load()
    except ConfigError as error:
        fault = str(error)
    if as_json:
        show_json({**msgspec.to_builtins(contents), "fault": fault})
        return
    when = time.strftime("%d %b %Y %H:%M", time.localtime(contents.created))
    click.echo(f"restored: {len(contents.files)} files, as they were on {when} (version {contents.version})")
    if fault:
        click.echo(f"the configuration that was restored has a fault: {fault}", err=True)
