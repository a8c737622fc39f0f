"""What `mute`, `unmute`, `volume`, `chime` and `quiet` share: the way to the daemon, or to what it will read."""

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import msgspec

from assistant.cli.door import ask_daemon
from assistant.cli.output import show_json, show_table
from assistant.controls import Controls
from assistant.errors import ConfigError, ServiceError
from assistant.http.devices import Change, change, shown
from assistant.paths import state_folder
from assistant.state import State, state_file
from assistant.state.lock import owner

if TYPE_CHECKING:
    from assistant.cli import Settings

__all__ = ["device_option", "set_at", "show"]

device_option = click.option("--device", default="", help="Device of the configuration; all of them by default.")


def set_at(settings: "Settings", device: str, wanted: dict[str, Any], *, insist: bool = False) -> list[dict[str, Any]]:
    """Have something set at a device, or at all of them, and return how they are then; an empty change only asks.

    The running daemon does it. Where none runs, or its door is closed, it is stored where a daemon finds it, and one
    that runs does so within a second; and so it is where one runs and does not answer, for who has to *insist*.
    Raises ConfigError for an unknown device, ServiceError where it cannot be done.
    """
    configured = list(settings.load().config.devices)
    if device and device not in configured:
        raise ConfigError(f"there is no device {device!r}", hint=f"configured: {', '.join(configured) or 'none'}")
    names = [device] if device else configured
    running = owner(state_folder())
    if running is not None and running.address:
        try:
            return [_ask(settings, name, wanted) for name in names]
        except ServiceError as error:
            if not insist:
                raise
            click.echo(f"{error}; it is stored, and holds as soon as the daemon sees it", err=True)
    return asyncio.run(_store(configured, names, wanted))


def _ask(settings: "Settings", name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    method, path = ("PATCH" if wanted else "GET"), f"/api/devices/{quote(name, safe='')}"
    answer: dict[str, Any] | None = ask_daemon(settings, method, path, body=wanted or None)
    if answer is None:
        raise ServiceError("the daemon has just stopped", hint="try again")
    return answer


async def _store(configured: list[str], names: list[str], wanted: dict[str, Any]) -> list[dict[str, Any]]:
    async with State(state_file()) as state:
        controls = Controls(configured, store=state.devices)
        await controls.load()
        for name in names:
            await change(controls, name, msgspec.convert(wanted, Change), here=True)
        return [shown(controls.device(name)) for name in names]


def show(devices: list[dict[str, Any]], as_json: bool) -> None:
    """Print devices as they are."""
    if as_json:
        show_json(devices)
        return
    columns = ["device", "microphone", "volume", "chime", "quiet hours"]
    show_table(columns, [_row(device) for device in devices])


def _row(device: dict[str, Any]) -> list[str]:
    now, quiet = device["now"], device["quiet"]
    microphone = "muted, closed" if device["muted"] and now["microphone"] == "closed" else now["microphone"]
    volume = f"{device['volume']} %" + ("" if now["volume"] == device["volume"] else f" (now {now['volume']} %)")
    hours = f"{quiet['from']} to {quiet['to']}, at most {quiet['volume']} %" if quiet["on"] else "none"
    return [
        device["name"],
        microphone,
        volume,
        "on" if device["chime"] else "off",
        f"{hours} (now)" if now["quiet"] else hours,
    ]
