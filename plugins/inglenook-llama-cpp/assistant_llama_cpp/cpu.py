"""How many threads are worth starting."""

import os
from collections import deque
from pathlib import Path

__all__ = ["Others", "physical_cores"]


def physical_cores(topology: Path = Path("/sys/devices/system/cpu")) -> int:
    """Return the physical cores this process may run on, at least 1.

    Two hyper-threads share one core's multipliers, so a second thread on it slows matrix products down.
    """
    if not hasattr(os, "sched_getaffinity"):  # not Linux: the count of logical cores is all there is
        return os.cpu_count() or 1
    allowed = os.sched_getaffinity(0)
    siblings = (topology / f"cpu{n}" / "topology" / "thread_siblings_list" for n in allowed)
    cores = {file.read_text() if file.exists() else str(file) for file in siblings}
    return max(1, len(cores))


_LOOKS = 4
"""Looks at which somebody must be there to count."""


class Others:
    """Tell how many other threads want to run on this machine at this moment.

    Threads that compute together wait for each other after every operation, and all of them for the one whose core
    somebody else has: a token that two threads write in 6.4 ms on two idle cores takes them 16 ms beside one busy
    thread, and a single one 7.2 ms there and here.
    """

    def __init__(self, load: Path = Path("/proc/loadavg")) -> None:
        self._load = os.open(load, os.O_RDONLY) if load.exists() else None
        self._latest = deque([0], _LOOKS)

    def running(self) -> int:
        """Return the least number at this and the latest looks; 0 where the system does not tell (only Linux does).

        Who reads a reply wants a core for a moment after each token, and is none of those that keep it.
        """
        if self._load is None:
            return 0
        self._latest.append(int(os.pread(self._load, 64, 0).split()[3].partition(b"/")[0]) - 1)
        return min(self._latest)

    def close(self) -> None:
        """Close the file."""
        if self._load is not None:
            os.close(self._load)
