"""`assistant forget`: delete what was said."""

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import quote

import click
import msgspec

from assistant import durations
from assistant.backup import Places, finish_restore
from assistant.cli import Settings
from assistant.cli.door import ask_daemon
from assistant.cli.output import json_option, show_json
from assistant.config.assistants import DeviceConfig
from assistant.skill import OWNER
from assistant.state import State, state_file
from assistant.state.forgetting import Extent, Forgotten

__all__ = ["forget"]


@click.command()
@click.option("--since", metavar="TIME", help="The last 30m, 12h, 7d, and so on.")
@click.option("--all", "everything", is_flag=True, help="Everything.")
@click.option("--person", metavar="NAME", help="Only what this person said: devices.NAME.person, or owner.")
@json_option
@click.pass_obj
def forget(settings: Settings, since: str | None, everything: bool, person: str | None, as_json: bool) -> None:
    """Delete what was said, answered and put on lists, timers, alarms and reminders, and the receipts
    and the ledger of what was done in the house.

    No byte of it stays in the state folder, and what was deleted does not ring any more.

    A person is known by the device that is theirs, and whoever writes on this machine, or has the daemon's key, is the
    owner. With --person and no time, everything of that person is deleted.

    Conversations that a running daemon has in memory are forgotten too, everybody's. Backups elsewhere are not touched,
    nor is the audit log, which holds names of tools and keys and times, and nothing of what was said (audit.keep).
    """
    if person is None and everything == (since is not None):
        raise click.UsageError("give either --since or --all")
    if person is not None and everything and since is not None:
        raise click.UsageError("give --since or --all, not both")
    try:
        seconds = durations.seconds(since) if since else None
    except ValueError as error:
        raise click.UsageError(f"--since: {error}") from None
    devices = settings.load().config.devices
    if person is not None:
        _check(person, devices)
    of = f"&person={quote(person, safe='')}" if person else ""
    answer = ask_daemon(settings, "DELETE", f"/api/history?seconds={'all' if seconds is None else seconds}{of}")
    if answer is None:
        finish_restore(Places.here(settings.config))  # what it has moved aside would be another copy
        then = 0.0 if seconds is None else time.time() - seconds
        forgotten = asyncio.run(_forget(Extent.of(then, person or "", devices)))
    else:
        forgotten = msgspec.convert(answer, Forgotten)
    if as_json:
        show_json(msgspec.to_builtins(forgotten))
        return
    said, receipts, learnt, items = forgotten.exchanges, forgotten.receipts, forgotten.paraphrases, forgotten.items
    click.echo(
        f"forgotten: {said} things said, {receipts} receipts, {learnt} paraphrases, {items} things on lists, "
        f"{forgotten.timers} timers and reminders, {forgotten.acts} acts in the house"
    )
    for name in forgotten.files:
        click.echo(f"deleted: {name}, a copy of the state that may have held it")


def _check(person: str, devices: Mapping[str, DeviceConfig]) -> None:
    """Refuse a name that nobody has: what was meant would not be forgotten."""
    known = sorted({OWNER, *(device.person for device in devices.values() if device.person)})
    if person not in known:
        raise click.UsageError(f"--person: nobody is called {person!r} here; known: {', '.join(known)}")


async def _forget(extent: Extent) -> Forgotten:
    async with State(state_file()) as state:
        return await state.forget(extent)
