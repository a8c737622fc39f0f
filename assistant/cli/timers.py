"""`assistant timers`: what is to ring; set more, cancel, and stop what rings."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import click
import msgspec

from assistant import durations
from assistant.cli import Settings
from assistant.cli.door import ask_daemon
from assistant.cli.output import json_option, show_json, show_table
from assistant.errors import AssistantError, ServiceError
from assistant.events import EventBus
from assistant.http.timers import Wanted, set_as, shown
from assistant.state import State, state_file
from assistant.timers import Timers
from assistant.timers.words import lasting

__all__ = ["timers"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY = {"day": (0, 1, 2, 3, 4, 5, 6), "weekday": (0, 1, 2, 3, 4), "weekend": (5, 6)}


@click.group()
def timers() -> None:
    """Show, set and cancel timers, alarms and reminders."""


@timers.command("list")
@json_option
@click.pass_obj
def show(settings: Settings, as_json: bool) -> None:
    """Show what is to ring, what rings, and what was missed or not heard since yesterday."""
    answer = ask_daemon(settings, "GET", "/api/timers")
    found = asyncio.run(_here(_all)) if answer is None else answer["timers"]
    if as_json:
        show_json(found)
    elif not found:
        click.echo("there are none")
    else:
        show_table(["id", "kind", "when", "where", "what"], [_row(timer) for timer in found])


@timers.command()
@click.argument("when", metavar="TIME")
@click.option("--name", default="", help="What it is called.")
@click.option("--remind", "text", default="", metavar="TEXT", help="Say TEXT then.")
@click.option("--alarm", is_flag=True, help="Ring as an alarm, though TIME is a length of time.")
@click.option("--every", default="", metavar="DAYS", help="Repeat: day, weekday, weekend, or mon,thu and so on.")
@click.option("--device", default="", help="Device at which it rings; the first by default.")
@click.option("--language", default="", help="BCP-47 tag of the language in which it is announced.")
@json_option
@click.pass_obj
def add(
    settings: Settings,
    when: str,
    name: str,
    text: str,
    alarm: bool,
    every: str,
    device: str,
    language: str,
    as_json: bool,
) -> None:
    """Set a timer after TIME (90s, 10m, 2h), or an alarm at TIME (7:00)."""
    wanted: dict[str, Any] = {"name": name, "text": text, "device": device}
    if (time := re.fullmatch(r"(\d{1,2}):(\d\d)", when)) is not None:
        wanted |= {"time": f"{int(time[1]):02}:{time[2]}", "days": _days(every), "kind": "alarm"}
    elif every:
        raise click.UsageError("--every needs a time of day, such as 7:00")
    else:
        try:
            wanted |= {"seconds": durations.seconds(when), "kind": "alarm" if alarm else "timer"}
        except ValueError:
            raise click.UsageError("give a length of time such as 90s, 10m or 2h, or a time such as 7:00") from None
    wanted |= {"kind": "reminder"} if text else {}
    wanted["language"] = language or _language(settings)
    answer = ask_daemon(settings, "POST", "/api/timers", body=wanted)
    if answer is None:
        answer = asyncio.run(_here(lambda timers: _added(timers, wanted)))
        if not as_json:
            click.echo("no daemon runs: it is stored, and rings once one does", err=True)
    show_json(answer) if as_json else show_table(["id", "kind", "when", "where", "what"], [_row(answer)])


@timers.command()
@click.argument("number", metavar="ID", type=int)
@click.pass_obj
def cancel(settings: Settings, number: int) -> None:
    """Let the timer, alarm or reminder ID not ring any more."""
    answer = ask_daemon(settings, "DELETE", f"/api/timers/{number}")
    if answer is None:
        answer = asyncio.run(_here(lambda timers: _cancelled(timers, number)))
    click.echo(f"cancelled: {_row(answer)[1]} {number} {_row(answer)[4]}".rstrip())


@timers.command()
@click.pass_obj
def stop(settings: Settings) -> None:
    """Stop what rings now."""
    answer = ask_daemon(settings, "POST", "/api/timers/stop")
    if answer is None:
        raise ServiceError("no daemon runs, so nothing rings", hint="assistant run")
    click.echo(f"stopped: {len(answer['timers'])}")


def _days(every: str) -> tuple[int, ...]:
    try:
        return _EVERY.get(every) or tuple(_DAYS.index(day.strip()[:3].lower()) for day in every.split(",") if every)
    except ValueError:
        raise click.UsageError("--every: give day, weekday, weekend, or days such as mon,thu") from None


def _language(settings: Settings) -> str:
    """Return the language of the first assistant."""
    first = next(iter(settings.load().config.assistants.values())).language
    return "en" if first == "auto" else first


async def _here(work: Callable[[Timers], Awaitable[Any]]) -> Any:
    """Do something to what is stored, while no daemon runs."""
    async with State(state_file()) as state:
        timers = Timers(state.timers, EventBus())
        await timers.load()
        return await work(timers)


async def _all(timers: Timers) -> list[dict[str, Any]]:
    return [shown(timer, timers) for timer in timers.all()]


async def _added(timers: Timers, wanted: dict[str, Any]) -> dict[str, Any]:
    try:
        return shown(await set_as(timers, msgspec.convert(wanted, Wanted)), timers)
    except (ValueError, msgspec.ValidationError) as error:
        raise AssistantError(str(error), hint="assistant timers add --help") from None


async def _cancelled(timers: Timers, number: int) -> dict[str, Any]:
    timer = timers.get(number)
    gone = await timers.cancel([timer]) if timer is not None else []
    if not gone:
        raise AssistantError(f"there is no timer {number}", hint="assistant timers list")
    return shown(gone[0], timers)


def _row(timer: dict[str, Any]) -> list[str]:
    return [str(timer["id"]), timer["kind"], _when(timer), timer["device"], timer["name"] or timer["text"]]


def _when(timer: dict[str, Any]) -> str:
    if timer["state"] in ("ringing", "done"):
        return timer["outcome"] or "ringing"
    at = timer["at"]
    if at is None:
        paused = ", paused" if timer["state"] == "paused" else ""
        return f"in {lasting(timer['left'], 'en')}{paused}"
    return f"{at['date'] or ','.join(_DAYS[day] for day in at['days'])} {at['time']}"
