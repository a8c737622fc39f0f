"""`assistant paraphrases`: sentences of one's own that were learnt to mean one that is understood."""

import asyncio
import time

import click
import msgspec

from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.errors import ServiceError
from assistant.pipeline.ladder.words import said
from assistant.pipeline.paraphrases import Paraphrase
from assistant.state import State, state_file

__all__ = ["paraphrases"]


@click.group()
def paraphrases() -> None:
    """What was learnt to mean something else: list it, forget it."""


@paraphrases.command("list")
@json_option
@click.pass_obj
def list_paraphrases(settings: Settings, as_json: bool) -> None:
    """Print what is said, and what is meant by it."""
    found = asyncio.run(_all())
    if as_json:
        show_json(msgspec.to_builtins(found))
    elif found:
        show_table(["said", "meant", "language", "since", "used"], [_row(each) for each in found])
    else:
        click.echo("nothing was learnt yet")


@paraphrases.command()
@click.argument("text", default="")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.pass_obj
def forget(settings: Settings, text: str, everything: bool) -> None:
    """Forget what was learnt of TEXT, at once, also where a daemon runs."""
    if everything == bool(text):
        raise click.UsageError("give either TEXT or --all")
    gone = asyncio.run(_forget(said(text)))
    if text and not gone:
        raise ServiceError(f"nothing was learnt of {text!r}", hint="`assistant paraphrases list` shows what was")
    click.echo(f"forgotten: {gone}")


def _row(paraphrase: Paraphrase) -> list[str]:
    since = time.strftime("%d %b %Y", time.localtime(paraphrase.started))
    return [paraphrase.text, paraphrase.sentence, paraphrase.language, since, str(paraphrase.uses)]


async def _all() -> list[Paraphrase]:
    async with State(state_file()) as state:
        return await state.paraphrases.all()


async def _forget(text: str) -> int:
    async with State(state_file()) as state:
        return await state.paraphrases.forget(text)
