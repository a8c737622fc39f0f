"""`assistant audit`: who used which key, what tools did, what was changed."""

import asyncio
import json
import time

import click

from assistant import durations
from assistant.access.audit import Record, broken
from assistant.cli import Settings
from assistant.cli.output import show_table
from assistant.errors import ServiceError
from assistant.state import State, state_file

__all__ = ["audit"]

_SHOWN = 40
"""Entries that are shown where nothing says how many."""


@click.group(invoke_without_command=True)
@click.option("--since", metavar="TIME", help="The last 30m, 12h, 7d, and so on.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each entry, for other programs.")
@click.pass_context
def audit(ctx: click.Context, since: str | None, as_json: bool) -> None:
    """Print who used which key, what tools did, what was changed: names and times, nothing of what was said.

    Without --since the table shows the latest, and --json all.
    """
    if ctx.invoked_subcommand is not None:
        return
    try:
        seconds = durations.seconds(since) if since else None
    except ValueError as error:
        raise click.UsageError(f"--since: {error}") from None
    records, _ = asyncio.run(_read(0.0 if seconds is None else time.time() - seconds))
    if as_json:
        for record in records:
            click.echo(json.dumps(record.shown()))
        return
    settings: Settings = ctx.obj
    if not records:
        kept = settings.load().config.audit.keep
        click.echo("nothing was noted yet" if kept else "nothing is noted: audit.keep is empty")
        return
    show_table(["when", "event", "what"], [_row(record) for record in (records if since else records[-_SHOWN:])])


@audit.command()
def verify() -> None:
    """Say whether every entry is as it was written and none is missing; exits with 71 otherwise.

    Compare the last digest with one that was noted elsewhere: whoever can write to the state folder could have written
    the whole log anew.
    """
    records, last = asyncio.run(_read())
    if fault := broken(records, last):
        raise ServiceError(
            f"the audit log was changed: {fault}", hint="compare it with what was sent elsewhere, or with a backup"
        )
    click.echo(
        f"right: {len(records)} entries; the last is {last}, its digest {records[-1].digest if records else 'none'}"
    )


async def _read(since: float = 0.0) -> tuple[list[Record], int]:
    async with State(state_file()) as state:
        return await state.audit.since(since), await state.audit.last()


def _row(record: Record) -> list[str]:
    when = time.strftime("%d %b %Y %H:%M:%S", time.localtime(record.at))
    fields = json.loads(record.fields)
    told = [f"{name}={value}" for name, value in fields.items() if name != "chain" and value != ""]
    return [when, record.event, ascii("  ".join(told))[1:-1]]  # what others wrote must not steer the terminal
