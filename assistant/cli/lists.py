"""`assistant lists`: what stands on the lists."""

import asyncio

import click

from assistant.cli import Settings
from assistant.cli.output import json_option, show_json
from assistant.state import State, state_file

__all__ = ["lists"]


@click.command()
@click.argument("name", default="")
@click.option("--add", multiple=True, metavar="THING", help="Write THING on the list NAME; may be given again.")
@click.option("--remove", multiple=True, metavar="THING", help="Take THING off the list NAME; may be given again.")
@json_option
@click.pass_obj
def lists(settings: Settings, name: str, add: tuple[str, ...], remove: tuple[str, ...], as_json: bool) -> None:
    """Print the lists, or the list NAME: `shopping`, `todo`, or as it was called when something was put on it."""
    if (add or remove) and not name:
        raise click.UsageError("give the NAME of a list")
    found = asyncio.run(_changed(name.casefold(), add, remove))
    if as_json:
        show_json(found)
        return
    for title, items in found.items():
        click.echo(f"{title}:")
        for item in items:
            click.echo(f"  {item}")
    if not found:
        click.echo("There is nothing on it." if name else "There are no lists.")


async def _changed(name: str, add: tuple[str, ...], remove: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    async with State(state_file()) as state:
        await state.lists.add(name, add)
        await state.lists.remove(name, remove)
        names = await state.lists.names()
        return {title: await state.lists.items(title) for title in names if name in ("", title)}
