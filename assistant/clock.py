"""Whether the machine knows what time it is.

Intervals are measured on the monotonic clock of the event loop everywhere. The time of day is only for people to read
(receipts, events) and for quiet hours. A box without a battery-backed clock starts with a wrong one, and is set by NTP
a while later, by any number of years.
"""

import ctypes
import functools
import platform
import sys
import time
from pathlib import Path

__all__ = ["clock_is_set"]

_RELEASED = 1_767_225_600
"""Seconds since the epoch of 2026-01-01: no earlier time can be right for this software."""
_BATTERY = Path("/dev/rtc0")
"""Is there where a clock of the hardware goes on while the machine is off."""
_PCS = frozenset({"x86_64", "i686", "i386"})
"""Machines, by uname(2), that all have one, whether a container or a small kernel shows it or not."""
_UNSYNCHRONISED = 5
"""TIME_ERROR, which adjtimex(2) returns until something has set the clock."""
_TIMEX = 1024
"""Bytes that hold a `struct timex` of any architecture, which is about 200 long."""


def clock_is_set() -> bool:
    """Tell whether the time of day can be believed: it is set from outside, or kept by a clock with a battery."""
    if time.time() < _RELEASED:
        return False
    return _is_kept() or _synchronised()


def _is_kept() -> bool:
    """Tell whether the kernel found the time when it started: PCs have a CMOS clock, virtual ones their host's."""
    return _BATTERY.exists() or not sys.platform.startswith("linux") or platform.machine() in _PCS


def _synchronised() -> bool:
    """Ask the kernel, without privileges: `adjtimex` with modes of 0 only reads."""
    adjtimex = _adjtimex()
    return adjtimex is None or adjtimex(ctypes.create_string_buffer(_TIMEX)) != _UNSYNCHRONISED


@functools.cache
def _adjtimex() -> "ctypes._NamedFuncPointer | None":
    return getattr(ctypes.CDLL(None), "adjtimex", None)
