"""`assistant mute`: close the microphone."""

import click

from assistant.cli import Settings
from assistant.cli.controls import device_option, set_at, show
from assistant.cli.output import json_option

__all__ = ["mute"]


@click.command()
@device_option
@json_option
@click.pass_obj
def mute(settings: Settings, device: str, as_json: bool) -> None:
    """Close the microphone, until `assistant unmute`; a restart does not open it."""
    show(set_at(settings, device, {"muted": True}, insist=True), as_json)
