"""`assistant receipts`: where the time of the latest turns went."""

import asyncio
import time

import click
import msgspec

from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.pipeline.receipt import STAGES, Receipt
from assistant.state import State, state_file

__all__ = ["receipts"]


@click.command()
@click.option("-n", "most", default=10, show_default=True, help="How many.")
@json_option
@click.pass_obj
def receipts(settings: Settings, most: int, as_json: bool) -> None:
    """Print the receipts of the latest turns: seconds by stage, no content."""
    found = asyncio.run(_read(most))
    if as_json:
        show_json([msgspec.to_builtins(receipt) | {"voice_to_voice": receipt.voice_to_voice} for receipt in found])
        return
    columns = ["when", "device", "outcome", "draft", "end", "stt", "token", "clause", "audio", "total"]
    show_table(columns, [_row(receipt) for receipt in found])


def _row(receipt: Receipt) -> list[str]:
    when = time.strftime("%d %b %H:%M", time.localtime(receipt.started)) + ("" if receipt.clock_set else " ?")
    parts = [f"{receipt.parts[stage]:.3f}" if stage in receipt.parts else "-" for stage in STAGES]
    draft = "-" if not receipt.drafting.begun else "hit" if receipt.drafting.hit else "miss"
    return [when, receipt.device, receipt.outcome, draft, *parts, f"{receipt.voice_to_voice:.3f}"]


async def _read(most: int) -> list[Receipt]:
    async with State(state_file()) as state:
        return await state.receipts.latest(most)
