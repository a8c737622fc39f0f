"""When a time of day comes next, by the local clock and its changes of summer and winter time.

A time that does not exist, because the clock is set forward over it, comes as much later as the clock is set; one that
there is twice comes the first time (PEP 495, `fold=0`).
"""

import os
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from assistant.timers.timer import Appointment

__all__ = ["following", "local_zone", "moment"]

_LOCALTIME = Path("/etc/localtime")
_WEEK = 8
"""Days within which one that repeats comes at least once, and once more if the first was the last one already."""


def local_zone() -> tzinfo:
    """Return the zone in which the machine stands, with its rules; UTC where nothing tells."""
    try:
        if name := os.environ.get("TZ", "").removeprefix(":"):
            return ZoneInfo(name)
        with _LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC


def moment(day: date, at: str, zone: tzinfo) -> float:
    """Return the seconds since the epoch at which *at*, `HH:MM` or `HH:MM:SS`, is on a day."""
    return datetime.combine(day, time.fromisoformat(at), zone).timestamp()


def following(appointment: Appointment, after: float, zone: tzinfo, last: float = 0.0) -> float | None:
    """Return when an appointment comes next after a moment, in seconds since the epoch; None where it is over.

    One that was due at *last* is not due again on that day, though the clock was set back meanwhile.
    """
    if appointment.date:
        due = moment(date.fromisoformat(appointment.date), appointment.time, zone)
        return due if due > after and due != last else None
    first = datetime.fromtimestamp(after, zone).date()
    was = datetime.fromtimestamp(last, zone).date() if last else None
    for ahead in range(_WEEK * 2):
        day = first + timedelta(days=ahead)
        if day.weekday() in appointment.days and day != was:
            due = moment(day, appointment.time, zone)
            if due > after:
                return due
    return None
