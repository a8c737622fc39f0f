"""`/api/timers`: what is to ring; set more, cancel, and stop what rings."""

from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.http.problem import Problem
from assistant.http.route import JsonObject, Route
from assistant.timers import Appointment, Kind, Refused, State, Timer, Timers
from assistant.timers.calendar import moment

__all__ = ["Wanted", "routes", "set_as", "shown"]

_TimeOfDay = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
_Day = Annotated[int, Meta(ge=0, le=6)]
_Words = Annotated[str, Meta(max_length=200)]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be set: after some `seconds`, or at a `time`."""

    kind: Kind = Kind.TIMER
    """What it is; a reminder needs a `text`."""
    name: _Words = ""
    """What it is called."""
    text: _Words = ""
    """What a reminder says."""
    seconds: float | None = None
    """Length of time until it rings."""
    time: _TimeOfDay | None = None
    """Local time of day at which it rings, `HH:MM`."""
    date: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")] | None = None
    """Local day on which it does; the next on which it can by default."""
    days: tuple[_Day, ...] = ()
    """Days of every week on which it does instead, 0 for Monday to 6 for Sunday."""
    device: str = ""
    """Where it rings; at the first device by default."""
    language: str = "en"
    """BCP-47 tag of the language in which it is announced."""


async def set_as(timers: Timers, wanted: Wanted) -> Timer:
    """Set what is wanted; raises Refused, ValueError for what makes no sense, ServiceError."""
    if (wanted.seconds is None) == (wanted.time is None):
        raise ValueError("give either seconds or time")
    if (wanted.kind is Kind.REMINDER) != bool(wanted.text):
        raise ValueError("a reminder has a text, and nothing else has one")
    at = None
    if wanted.time is not None:
        days = tuple(sorted(set(wanted.days)))
        at = Appointment(time=wanted.time, date="" if days else _day(timers, wanted), days=days)
    return await timers.add(
        Timer(
            kind=wanted.kind,
            name=wanted.name,
            text=wanted.text,
            seconds=wanted.seconds or 0.0,
            at=at,
            device=wanted.device,
            language=wanted.language,
        )
    )


def _day(timers: Timers, wanted: Wanted) -> str:
    """Return the day that was given, or the next on which the time is still to come; raises ValueError."""
    if wanted.date is not None:
        return date.fromisoformat(wanted.date).isoformat()
    today = datetime.fromtimestamp(timers.wall, timers.zone).date()
    passed = moment(today, wanted.time or "", timers.zone) <= timers.wall
    return (today + timedelta(days=int(passed))).isoformat()


def shown(timer: Timer, timers: Timers) -> dict[str, Any]:
    """Return a timer as JSON."""
    hidden = {"revision", "due", "owing", "last", "rang", "left", "person", "assistant"}
    values: dict[str, Any] = msgspec.to_builtins(timer)
    left = None if timer.state in (State.RINGING, State.DONE) else round(timers.left(timer), 1)
    return {name: value for name, value in values.items() if name not in hidden} | {"left": left}


def routes(timers: Timers) -> list[Route]:
    """Return the routes."""

    async def every(request: web.Request) -> web.Response:
        """Show all."""
        return web.json_response({"timers": [shown(timer, timers) for timer in timers.all()]})

    async def add(request: web.Request, wanted: Wanted) -> web.Response:
        """Set one, and show it."""
        try:
            timer = await set_as(timers, wanted)
        except Refused as error:
            raise Problem(409, error.why, str(error), error.hint) from None
        except ValueError as error:
            raise Problem(400, "bad_request", str(error)) from None
        return web.json_response(shown(timer, timers))

    async def cancel(request: web.Request) -> web.Response:
        """Let one not ring any more, and show it as it was."""
        given = request.match_info["id"]
        timer = timers.get(int(given)) if given.isascii() and given.isdecimal() and len(given) < 16 else None
        gone = await timers.cancel([timer]) if timer is not None else []
        if not gone:
            raise Problem(404, "not_found", "there is no such timer")
        return web.json_response(shown(gone[0], timers))

    async def stop(request: web.Request) -> web.Response:
        """Stop what rings, and show it."""
        stopped = await timers.stop(timers.ringing())
        return web.json_response({"timers": [shown(timer, timers) for timer in stopped]})

    return [
        Route("GET", "/api/timers", every, Scope.HOME, gives=JsonObject),
        Route("POST", "/api/timers", add, Scope.HOME, Wanted, JsonObject, status=HTTPStatus.CREATED),
        Route("DELETE", "/api/timers/{id}", cancel, Scope.HOME, gives=JsonObject),
        Route("POST", "/api/timers/stop", stop, Scope.HOME, gives=JsonObject),
    ]
