"""`assistant unmute`: open the microphone again."""

import click

from assistant.cli import Settings
from assistant.cli.controls import device_option, set_at, show
from assistant.cli.output import json_option

__all__ = ["unmute"]


@click.command()
@device_option
@json_option
@click.pass_obj
def unmute(settings: Settings, device: str, as_json: bool) -> None:
    """Open the microphone again."""
    show(set_at(settings, device, {"muted": False}), as_json)
