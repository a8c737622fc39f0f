"""`assistant volume`: how loud it speaks."""

import click

from assistant.cli import Settings
from assistant.cli.controls import device_option, set_at, show
from assistant.cli.output import json_option
from assistant.controls import STEP

__all__ = ["volume"]


@click.command()
@click.argument("level", required=False, default="", metavar="[N|up|down]")
@device_option
@json_option
@click.pass_obj
def volume(settings: Settings, level: str, device: str, as_json: bool) -> None:
    """Speak at N percent, louder or quieter; without an argument, show how the devices are set."""
    steps = {"up": STEP, "down": -STEP}
    number = level.removesuffix("%")
    if level in steps:
        wanted = {"volume_by": steps[level]}
    elif number.isdecimal() and int(number) <= 100:
        wanted = {"volume": int(number)}
    elif level:
        raise click.UsageError("give a number from 0 to 100, up, or down")
    else:
        wanted = {}
    show(set_at(settings, device, wanted), as_json)
