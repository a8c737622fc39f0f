"""`assistant why-slow`: what a turn waited for, and the setting that cost the most."""

import asyncio

import click
import msgspec

from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_receipt, show_table
from assistant.config.assistants import AssistantConfig
from assistant.errors import ServiceError
from assistant.pipeline.reasons import Reason, reasons
from assistant.pipeline.receipt import Receipt
from assistant.state import State, state_file

__all__ = ["why_slow"]


@click.command("why-slow")
@click.argument("turn", default="")
@json_option
@click.pass_obj
def why_slow(settings: Settings, turn: str, as_json: bool) -> None:
    """Tell where the time of TURN went, and the setting that cost the most. TURN is the latest by default."""
    assistants = settings.load().config.assistants
    receipt = asyncio.run(_find(turn))
    found = reasons(receipt, assistants.get(receipt.assistant, AssistantConfig()))
    if as_json:
        show_json(
            {"turn": receipt.turn, "receipt": msgspec.to_builtins(receipt), "reasons": msgspec.to_builtins(found)}
        )
    else:
        _show(receipt, found)


def _show(receipt: Receipt, found: list[Reason]) -> None:
    rung = f", rung {receipt.rung}" if receipt.rung else ""
    click.echo(f"turn {receipt.turn}, {receipt.outcome}{rung}: what was waited for, from the last voiced sample on")
    show_receipt(dict(receipt.parts), receipt.voice_to_voice)
    drafting = receipt.drafting
    if drafting.begun:
        work = sum(receipt.work.values())
        how = "begun in the pause" if drafting.hit else "begun when the utterance was over"
        click.echo(f"\nThe answer was {how} and took {work:.3f} s of work.")
        if drafting.wasted:
            click.echo(f"{drafting.begun - 1} drafts were discarded: {drafting.wasted:.3f} s.")
    if found:
        click.echo(f"\nCost the most: {found[0].setting} ({found[0].seconds:.3f} s)\n")
        show_table(
            ["seconds", "stage", "setting", "why"],
            [[f"{reason.seconds:.3f}", reason.stage, reason.setting, reason.advice] for reason in found],
        )


async def _find(turn: str) -> Receipt:
    """Return the receipt of a turn, by the beginning of its name; raises ServiceError where there is none."""
    async with State(state_file()) as state:
        receipts = state.receipts
        for receipt in await (receipts.find(turn) if turn else receipts.latest(200)):
            if turn or receipt.parts:
                return receipt
    what = f"no turn {turn!r}" if turn else "no turn yet"
    raise ServiceError(f"there is {what}", hint="`assistant receipts --json` names the turns")
