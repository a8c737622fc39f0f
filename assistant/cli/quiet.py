"""`assistant quiet`: the hours in which it is quiet by itself."""

import re
from typing import Any

import click

from assistant.cli import Settings
from assistant.cli.controls import device_option, set_at, show
from assistant.cli.output import json_option

__all__ = ["quiet"]

_SPAN = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?")


@click.command()
@click.argument("hours", required=False, default="", metavar="[on|off|FROM-TO]")
@click.option("--volume", type=click.IntRange(0, 100), help="Percent that are not exceeded meanwhile.")
@device_option
@json_option
@click.pass_obj
def quiet(settings: Settings, hours: str, volume: int | None, device: str, as_json: bool) -> None:
    """Keep quiet hours, such as 22:00-7:00: not loud, no chimes. Without an argument, show how the devices are set."""
    wanted: dict[str, Any] = {} if volume is None else {"volume": volume}
    if hours in ("on", "off"):
        wanted["on"] = hours == "on"
    elif hours:
        wanted |= {"on": True, **_span(hours)}
    show(set_at(settings, device, {"quiet": wanted} if wanted else {}), as_json)


def _span(hours: str) -> dict[str, str]:
    found = _SPAN.fullmatch(hours)
    times = [(int(found[at]), int(found[at + 1] or 0)) for at in (1, 3)] if found else []
    if not times or any(hour > 23 or minute > 59 for hour, minute in times):
        raise click.UsageError("give on, off, or hours such as 22:00-7:00")
    begin, end = (f"{hour:02}:{minute:02}" for hour, minute in times)
    return {"from": begin, "to": end}
