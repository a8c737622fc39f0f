"""How many threads are worth starting."""

import os
from pathlib import Path

__all__ = ["overloaded", "physical_cores"]


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


def overloaded(load: Path = Path("/proc/loadavg")) -> bool:
    """Return whether as many other threads want to run at this moment as the machine has cores.

    Threads that compute together wait for each other after every operation, and all of them for the one whose core
    somebody else has: twelve tokens that two threads read in 28 ms on two idle cores took them 238 ms beside one busy
    thread and 1548 ms beside several, and a single thread 53 to 106 ms.
    """
    try:
        running = int(load.read_text().split()[3].partition("/")[0])
    except (OSError, LookupError, ValueError):  # not Linux
        return False
    return running - 1 >= (os.cpu_count() or 1)
