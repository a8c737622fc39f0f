"""How much time has passed, whatever is done to the clock on the wall.

Lengths of time are measured on a timeline of the assistant's own, which goes on over restarts. While the machine runs
it follows the kernel's clock since boot, which counts suspend (CLOCK_BOOTTIME) and which nobody can set; that clock is
the same for the next daemon of the same boot. Only over a reboot the wall clock tells how long the machine was off:

- Where it is known to be right (`assistant.clock`), the timeline is that much further.
- Where it is not (no battery, no network yet), the time off is not counted until the clock is set, and then made up
  for. Where it never is, a timer is late by the time the machine was off, and not lost.
- A clock that is set while the machine runs, by a day or by a year, changes nothing.

For that a pair of both clocks is stored every minute, and whenever they part.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from assistant.clock import clock_is_set

__all__ = ["Clocks", "Look", "Sighting", "Timeline", "boot_id", "uptime"]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_OFTEN = 60.0
"""Seconds between two sightings: as much is lost of the running time where power and clock are lost together."""
_APART = 0.2
"""Seconds by which the clocks part from one look to the next where one of them was set."""


def uptime() -> float:
    """Return the seconds since boot, those in suspend as well, where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@cache
def boot_id() -> str:
    """Return what is another after each boot; where the system does not tell, after each start of this process."""
    with suppress(OSError):
        return _BOOT_ID.read_text().strip()
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of this machine."""

    uptime: Callable[[], float] = uptime
    """Seconds since boot."""
    boot: Callable[[], str] = boot_id
    """What is another after each boot."""
    wall: Callable[[], float] = field(default=time.time)
    """Seconds since the epoch."""
    is_set: Callable[[], bool] = clock_is_set
    """Whether the wall clock can be believed."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """All clocks at one moment."""

    boot: str
    """Which boot it was."""
    uptime: float
    """Seconds since that boot."""
    now: float
    """Seconds on the timeline."""
    wall: float
    """Seconds since the epoch."""
    believed: bool
    """Whether the wall clock could be believed."""
    owed: tuple[float, float] | None = None
    """The timeline and the wall clock when the latter was believed last, where the time off since is still to count."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the clocks has shown."""

    sighting: Sighting
    """The clocks, which have to be stored."""
    set_by: float
    """Seconds by which the wall clock was set forward; less than 0 where it was set back."""
    leap: float
    """Seconds by which the timeline has gone on at once, for a time that the machine was off."""


class Timeline:
    """The timeline, from what was stored of it on."""

    def __init__(self, clocks: Clocks, last: Sighting | None) -> None:
        """Go on from the *last* sighting that was stored; from nought where there is none."""
        self._clocks = clocks
        self.seen = self._resumed(last)
        """The latest sighting."""

    @property
    def now(self) -> float:
        """Return the seconds on the timeline."""
        return self.seen.now + self._clocks.uptime() - self.seen.uptime

    @property
    def owes(self) -> bool:
        """Tell whether it still has to count a time that the machine was off."""
        return self.seen.owed is not None

    def look(self, *, idle: bool = False) -> Look | None:
        """Look at the clocks; return what has to be stored, None where nothing has.

        While the timeline is *idle*, because nothing is to ring, one has to be stored only where the clocks part.
        """
        seen = self._seen(self.now, self.seen.owed)
        before = self.seen
        jump, leap = (seen.wall - before.wall) - (seen.uptime - before.uptime), 0.0
        if seen.believed and seen.owed is not None:
            leap = _counted(seen, seen.owed) - seen.now
            seen = replace(seen, now=seen.now + leap, owed=None)
        jumped = abs(jump) >= _APART
        parted = jumped or seen.believed != before.believed or seen.owed != before.owed
        if not parted and (idle or seen.uptime - before.uptime < _OFTEN):
            return None
        self.seen = seen
        return Look(seen, jump if jumped else 0.0, leap)

    def _resumed(self, last: Sighting | None) -> Sighting:
        if last is None:
            return self._seen(0.0, None)
        seen = self._seen(last.now, last.owed)
        if seen.boot == last.boot and seen.uptime >= last.uptime:
            return replace(seen, now=last.now + seen.uptime - last.uptime)
        owed = last.owed or ((last.now, last.wall) if last.believed else None)
        if owed is None or not seen.believed:
            return replace(seen, owed=owed)
        return replace(seen, now=_counted(seen, owed), owed=None)

    def _seen(self, now: float, owed: tuple[float, float] | None) -> Sighting:
        clocks = self._clocks
        return Sighting(clocks.boot(), clocks.uptime(), now, clocks.wall(), clocks.is_set(), owed)


def _counted(seen: Sighting, owed: tuple[float, float]) -> float:
    """Return the timeline with the time that the machine was off; a clock that runs backwards counts nothing."""
    return max(seen.now, owed[0] + seen.wall - owed[1])
