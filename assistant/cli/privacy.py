"""`assistant privacy`: what is kept, who can read it, what can leave this machine."""

import click
import msgspec
from rich.filesize import decimal

from assistant.assembly import find_plugins
from assistant.backup import Places
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.models.configured import read_models
from assistant.paths import state_folder
from assistant.privacy import connections, kept, reach
from assistant.providers.models import sources
from assistant.state.lock import owner

__all__ = ["privacy"]

_ASKED = "Models, plugins and versions are fetched when you ask for it (models pull, plugins install, upgrade)."


@click.command()
@json_option
@click.pass_obj
def privacy(settings: Settings, as_json: bool) -> int:
    """Print what is kept and who can read it, what can leave this machine, and what does so now.

    Exits with 1 where somebody else can read what is yours.
    """
    loaded = settings.load()
    found = find_plugins(loaded)
    rows = kept(Places.here(settings.config), loaded.config.history.keep)
    servers = [source.provider for source in sources(loaded, found).values()]
    ways = reach(loaded.config, read_models(loaded, found).items(), found, servers)
    running = owner(state_folder())
    now = connections(running.pid) if running else []
    if as_json:
        show_json(
            {
                "kept": msgspec.to_builtins(rows),
                "reach": msgspec.to_builtins(ways),
                "daemon": running.pid if running else None,
                "connections": msgspec.to_builtins(now),
            }
        )
    else:
        show_table(
            ["size", "who can read it", "what, and where"],
            [[decimal(row.size), row.readers, f"{row.what}\n{row.where}"] for row in rows],
        )
        click.echo("\nSound is never kept. The log holds times and names, not what was said.\n")
        for way in ways:
            click.echo(f"{way.direction:<4}{way.what}: {way.text}")
        click.echo(_ASKED)
        if running is None:
            click.echo("No daemon runs.")
        elif now is None:
            click.echo(
                f"The daemon (process {running.pid}) is another person's: only they and root see its connections."
            )
        else:
            click.echo(f"Connections of the daemon (process {running.pid}) to other machines now: {len(now) or 'none'}")
            for each in now:
                click.echo(f"    {each.protocol} {each.local} -> {each.remote} {each.state}")
        for row in rows:
            if row.fault:
                click.echo(f"{row.where} can be read by {row.readers}: {row.fault}", err=True)
    return 1 if any(row.fault for row in rows) else 0
