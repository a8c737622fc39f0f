"""`assistant chime`: a short sound after the wake word."""

import click

from assistant.cli import Settings
from assistant.cli.controls import device_option, set_at, show
from assistant.cli.output import json_option

__all__ = ["chime"]


@click.command()
@click.argument("state", type=click.Choice(["on", "off"]))
@device_option
@json_option
@click.pass_obj
def chime(settings: Settings, state: str, device: str, as_json: bool) -> None:
    """Tell by a short sound that the wake word was heard, or do not."""
    show(set_at(settings, device, {"chime": state == "on"}), as_json)
