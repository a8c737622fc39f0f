"""`assistant keys`: named keys for programs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import click
import msgspec

from assistant import durations
from assistant.access import Scope
from assistant.access.audit import Audit, NoLog
from assistant.access.caller import OWNER_KEY
from assistant.access.keys import Keys
from assistant.cli import Settings
from assistant.cli.door import ask_daemon
from assistant.cli.output import json_option, show_json, show_table
from assistant.http.keys import Wanted, shown
from assistant.http.keys import create as create_here
from assistant.http.keys import revoke as revoke_here
from assistant.state import State, state_file

__all__ = ["keys"]


@click.group()
def keys() -> None:
    """Make keys for programs, each for what that program needs; list them, take them back."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([str(scope) for scope in Scope]),
    help="What it opens; may be given again.",
)
@click.option("--expires", default="", metavar="TIME", help="For how long: 12h, 90d, 52w; for ever by default.")
@json_option
@click.pass_obj
def create(settings: Settings, name: str, scopes: tuple[str, ...], expires: str, as_json: bool) -> None:
    """Make a key and print it: it is shown this once, and only its digest is kept.

    chat opens models for text, vectors and images; audio opens speech; home opens the assistant itself,
    which acts in the house; models:write fetches and deletes models; metrics opens numbers of how it all goes;
    admin opens everything, the keys too.
    """
    try:
        seconds = durations.seconds(expires) if expires else None
    except ValueError as error:
        raise click.UsageError(f"--expires: {error}") from None
    wanted = Wanted(name=name, scopes=tuple(Scope(scope) for scope in scopes), seconds=seconds)
    made = ask_daemon(settings, "POST", "/api/keys", body=msgspec.to_builtins(wanted))
    if made is None:
        made = asyncio.run(_here(settings, lambda keys, audit: create_here(keys, audit, wanted, OWNER_KEY)))
    if as_json:
        show_json(made)
        return
    click.echo(made["key"])
    click.echo(f"Keep it: it is not shown again. It opens {', '.join(made['scopes'])}.", err=True)
    click.echo("Programs send it as `Authorization: Bearer KEY`, those made for OpenAI as their API key.", err=True)


@keys.command("list")
@json_option
@click.pass_obj
def list_keys(settings: Settings, as_json: bool) -> None:
    """Print the keys: what each opens, since when, until when, and when it was used last."""
    answer = ask_daemon(settings, "GET", "/api/keys")
    found = asyncio.run(_here(settings, _all)) if answer is None else answer["keys"]
    if as_json:
        show_json(found)
    elif found:
        show_table(["name", "created", "expires", "last used", "scopes"], [_row(key) for key in found])
    else:
        click.echo("there are none but the owner's own; make one: assistant keys create NAME --scope chat")


@keys.command()
@click.argument("name")
@click.pass_obj
def revoke(settings: Settings, name: str) -> None:
    """Take the key NAME back: it opens nothing any more, at once, and what a daemon is answering for it ends."""
    if ask_daemon(settings, "DELETE", f"/api/keys/{quote(name, safe='')}") is None:
        asyncio.run(_here(settings, lambda keys, audit: revoke_here(keys, audit, name, OWNER_KEY)))
    click.echo(f"revoked: {name}")


async def _here(settings: Settings, work: Callable[[Keys, Audit], Awaitable[Any]]) -> Any:
    """Do something to the keys, while no daemon runs."""
    kept = settings.load().config.audit.seconds
    async with State(state_file()) as state:
        keys = Keys(state.keys)
        await keys.load()
        return await work(keys, Audit(state.audit if kept else NoLog()))


async def _all(keys: Keys, audit: Audit) -> list[dict[str, Any]]:
    return [shown(key) for key in keys.all()]


def _row(key: dict[str, Any]) -> list[str]:
    expired = key["expires"] is not None and key["expires"] <= time.time()
    until = "expired" if expired else _day(key["expires"], "never")
    return [key["name"], _day(key["created"]), until, _day(key["used"], "never"), ", ".join(key["scopes"])]


def _day(at: float | None, otherwise: str = "") -> str:
    return otherwise if at is None else time.strftime("%d %b %Y %H:%M", time.localtime(at))
