"""Which cores others use."""

import os
from collections import deque
from contextlib import suppress
from pathlib import Path

__all__ = ["Others"]


_LOOKS = 4
"""Looks that are remembered."""


class Others:
    """Tell how many other threads want to run on this machine at this moment.

    Threads that compute together wait for each other after every operation, and all of them for the one whose core
    somebody else has. Where they spin for microseconds, as in the daemon, that costs little: twelve tokens take two
    threads on two cores 30 ms, 62 beside one busy thread and 95 beside three; a single one takes 54, 55 and 115. Where
    they spin for long, it was 238 ms beside one and 1548 beside several.
    """

    def __init__(self, load: Path = Path("/proc/loadavg")) -> None:
        self._load: int | None = None
        with suppress(OSError):  # not Linux, or a container that hides it
            self._load = os.open(load, os.O_RDONLY)
        self._latest = deque([0] * _LOOKS, _LOOKS)

    def running(self, looks: int) -> int:
        """Look, and return the least number at the latest *looks*; 0 where the system does not tell (only Linux does).

        Who is there for a moment only, as whoever sends or reads what is written, does not count.
        """
        if self._load is None:
            return 0
        try:
            now = int(os.pread(self._load, 64, 0).split()[3].partition(b"/")[0]) - 1
        except (OSError, LookupError, ValueError):  # another system's file
            return 0
        self._latest.append(now)
        return min(list(self._latest)[-looks:])

    def free(self, looks: int) -> int:
        """Look, and return the cores that the others leave free, at least 1."""
        return max(1, (os.cpu_count() or 1) - self.running(looks))

    def close(self) -> None:
        """Close the file."""
        if self._load is not None:
            os.close(self._load)
