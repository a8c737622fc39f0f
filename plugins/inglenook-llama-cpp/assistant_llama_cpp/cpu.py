"""Which cores others use."""

import os
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

__all__ = ["Others"]


_LOOKS = 4
"""Looks that are remembered."""
_EVERY = 0.03
"""Seconds from one look to the next. Between two tokens one costs 35 us, half a hundredth of a small model's pace."""


class Others:
    """Tell how many other threads want to run on this machine at this moment.

    Threads that compute together wait for each other after every operation, and all of them for the one whose core
    somebody else has. Where they spin for microseconds, as in the daemon, that costs little: twelve tokens take two
    threads on two cores 30 ms, 62 beside one busy thread and 95 beside three; a single one takes 54, 55 and 115. Where
    they spin for long, it was 238 ms beside one and 1548 beside several.
    """

    def __init__(self, load: Path = Path("/proc/loadavg"), every: float = _EVERY) -> None:
        self._every = every
        self._cores = os.cpu_count() or 1  # asked once, for the answer is read from a file
        self._load: int | None = None
        with suppress(OSError):  # not Linux, or a container that hides it
            self._load = os.open(load, os.O_RDONLY)
        self._latest = deque([0] * _LOOKS, _LOOKS)
        self._next = 0.0

    def running(self, looks: int) -> int:
        """Look, unless the last look is recent, and return the least number at the latest *looks*.

        0 where the system does not tell (only Linux does). Who is there for a moment only, as whoever sends or reads
        what is written, does not count.
        """
        now = time.monotonic()
        if self._load is not None and now >= self._next:
            self._next = now + self._every
            with suppress(OSError, LookupError, ValueError):  # another system's file
                self._latest.append(int(os.pread(self._load, 64, 0).split()[3].partition(b"/")[0]) - 1)
        return min(list(self._latest)[-looks:])

    def free(self, looks: int) -> int:
        """Return the cores that the others leave free, at least 1, by `running`."""
        return max(1, self._cores - self.running(looks))

    def close(self) -> None:
        """Close the file."""
        if self._load is not None:
            os.close(self._load)
