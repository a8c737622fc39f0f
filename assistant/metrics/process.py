"""What the process takes, by the names that Prometheus has for it, where the system tells (Linux)."""

import resource
from collections.abc import Iterator
from pathlib import Path

from assistant.metrics.exposition import Family, Sample

__all__ = ["of_the_process"]

_SELF = Path("/proc/self")


def of_the_process() -> Iterator[Family]:
    """Yield processor, memory and open files of this process, without those of the programs that it started."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    yield Family("process_cpu_seconds_total", "counter", "Seconds of processor time.", [Sample(cpu)])
    try:
        pages = (_SELF / "statm").read_text().split()
        files = sum(1 for _ in (_SELF / "fd").iterdir())
    except OSError:
        return
    page = resource.getpagesize()
    yield Family("process_resident_memory_bytes", "gauge", "Memory in use.", [Sample(int(pages[1]) * page)])
    yield Family("process_virtual_memory_bytes", "gauge", "Memory that is mapped.", [Sample(int(pages[0]) * page)])
    yield Family("process_open_fds", "gauge", "Files and sockets that are open.", [Sample(files)])
