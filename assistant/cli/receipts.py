"""`assistant receipts`: where the time of the latest turns went."""

import asyncio
import time

import click
import msgspec

from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_receipt, show_table
from assistant.errors import ServiceError
from assistant.pipeline.receipt import STAGES, Receipt
from assistant.state import State, state_file

__all__ = ["receipts"]


@click.command()
@click.argument("turn", default="")
@click.option("-n", "most", default=10, show_default=True, help="How many.")
@json_option
@click.pass_obj
def receipts(settings: Settings, turn: str, most: int, as_json: bool) -> None:
    """Print the receipts of the latest turns, or that of TURN: seconds by stage, what tools were called, no content."""
    found = asyncio.run(_read(turn, most))
    if turn and not found:
        raise ServiceError(f"there is no turn {turn!r}", hint="`assistant receipts --json` names the turns")
    if as_json:
        show_json([msgspec.to_builtins(receipt) | {"voice_to_voice": receipt.voice_to_voice} for receipt in found])
        return
    if turn:
        _show(found[0])
        return
    columns = ["when", "device", "outcome", "rung", "draft", "end", "stt", "token", "clause", "audio", "total"]
    show_table(columns, [_row(receipt) for receipt in found])


def _row(receipt: Receipt) -> list[str]:
    when = time.strftime("%d %b %H:%M", time.localtime(receipt.started)) + ("" if receipt.clock_set else " ?")
    parts = [f"{receipt.parts[stage]:.3f}" if stage in receipt.parts else "-" for stage in STAGES]
    draft = "-" if not receipt.drafting.begun else "hit" if receipt.drafting.hit else "miss"
    return [when, receipt.device, receipt.outcome, receipt.rung or "-", draft, *parts, f"{receipt.voice_to_voice:.3f}"]


def _show(receipt: Receipt) -> None:
    models = ", ".join(f"{stage} {model}" for stage, model in receipt.models.items())
    rung = f", rung {receipt.rung}" if receipt.rung else ""
    click.echo(f"turn {receipt.turn} at {receipt.device}, {receipt.outcome}{rung}: {models or 'no model'}")
    show_receipt(dict(receipt.parts), receipt.voice_to_voice)
    if receipt.route:
        click.echo()
        show_table(["chat model", "why", "outcome"], [[step.model, step.why, step.outcome] for step in receipt.route])
    if receipt.actions:
        click.echo()
        rows = [[a.name, a.risk or "-", "yes" if a.confirmed else "-", a.outcome] for a in receipt.actions]
        show_table(["tool", "risk", "confirmed", "outcome"], rows)


async def _read(turn: str, most: int) -> list[Receipt]:
    async with State(state_file()) as state:
        return await (state.receipts.find(turn) if turn else state.receipts.latest(most))
