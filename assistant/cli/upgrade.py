"""`assistant upgrade`: go over to another version, and back by itself where it fails."""

import os
from pathlib import Path

import click

from assistant import __version__
from assistant.backup import Places
from assistant.cli import Settings
from assistant.service.places import PREFIX, STATE
from assistant.upgrade import find_layout
from assistant.upgrade.environment import newest
from assistant.upgrade.steps import SystemService
from assistant.upgrade.steps import upgrade as upgrade_to

__all__ = ["upgrade"]


@click.command()
@click.option("--to", "version", default="", metavar="VERSION", help="This version; else the newest.")
@click.option(
    "--from",
    "wheels",
    type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
    help="A folder of wheels; else the package index.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; do nothing.")
@click.pass_obj
def upgrade(settings: Settings, version: str, wheels: Path | None, dry_run: bool) -> None:
    """Install another version beside this one, try it on a copy of the state, and switch to it.

    Where anything fails, this version stays. It is kept until the next upgrade.
    """
    layout = find_layout()
    if layout.prefix == PREFIX:  # the service's, whoever asks
        os.environ.setdefault("INGLENOOK_HOME", str(STATE))
    found = newest(version, wheels)
    if found == __version__:
        click.echo(f"{__version__} is what runs already, and the newest there is")
        return
    places = Places.here(settings.config)
    if dry_run:
        click.echo(f"It would go from {__version__} to {found}:")
        for step in (
            f"make {layout.environment(found)}, with the plugins and libraries of {layout.current.resolve()}",
            "stop the service, if it runs",
            f"save {places.config.parent} and {places.state} to {places.backups}",
            "run the new version on a copy of them until it is ready",
            f"switch {layout.current} to it, in one step, and start the service",
        ):
            click.echo(f"  {step}")
        return
    previous = os.umask(0o022)  # the service reads what root writes
    try:
        upgrade_to(layout, found, wheels, places, SystemService(), click.echo)
    finally:
        os.umask(previous)
    click.echo(f"{found} is in use; {__version__} is kept beside it until the next upgrade")
