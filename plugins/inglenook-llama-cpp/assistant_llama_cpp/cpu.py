"""How many threads are worth starting."""

import os
from pathlib import Path

__all__ = ["physical_cores"]


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
