"""The limits that a service manager or a container sets for this process: control groups, version 2 and 1.

https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Limits", "limits"]

_UNLIMITED = 1 << 60
"""Bytes from which a limit is none: version 1 writes the largest number of pages there is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the groups leave to this process: the narrowest of all that it is in."""

    cores: float | None = None
    """Cores' worth of time; None for no limit."""
    memory: int | None = None
    """Bytes that the tightest group may hold; None for no limit."""
    available: int | None = None
    """Bytes that are left in the fullest group; None for no limit."""


def limits(root: Path = Path("/")) -> Limits:
    """Return the limits of this process. *root* is the root of the file system."""
    cores: list[float] = []
    sizes: list[int] = []
    rooms: list[int] = []
    for folder in _groups(root):
        if (share := _cores(folder)) is not None:
            cores.append(share)
        if (size := _size(folder)) is not None:
            sizes.append(size)
            rooms.append(max(0, size - _used(folder)))
    return Limits(min(cores, default=None), min(sizes, default=None), min(rooms, default=None))


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folder of each group that this process is in, the groups around it included."""
    groups: dict[str, str] = {}
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        groups |= dict.fromkeys(controllers.split(","), path)  # "" is version 2
    for line in _lines(root / "proc/self/mountinfo"):
        mount, _, filesystem = line.partition(" - ")
        within, point = mount.split()[3:5]
        kind, _, options = filesystem.split(" ", 2)
        if kind not in ("cgroup", "cgroup2"):
            continue
        wanted = {""} if kind == "cgroup2" else {"cpu", "memory"} & set(options.split(","))
        top = root / point.lstrip("/")
        for path in {groups[controller] for controller in wanted if controller in groups}:
            below = path.removeprefix(within.rstrip("/")).strip("/")  # a container sees a part of the tree
            folder = top / below if (top / below).is_dir() and ".." not in below else top
            yield folder
            while folder != top:
                yield (folder := folder.parent)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def _number(file: Path) -> int | None:
    """Return the number in a file; None where there is none, or `max`."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _cores(folder: Path) -> float | None:
    if line := "".join(_lines(folder / "cpu.max")):
        quota, period = line.split()
        return None if quota == "max" else int(quota) / int(period)
    taken, span = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
    return taken / span if taken and span and taken > 0 else None


def _size(folder: Path) -> int | None:
    """Return the bytes that a group may hold; above `memory.high` it is slowed until it is below again."""
    found = [_number(folder / name) for name in ("memory.max", "memory.high", "memory.limit_in_bytes")]
    return min((size for size in found if size is not None and size < _UNLIMITED), default=None)


def _used(folder: Path) -> int:
    """Return the bytes that a group holds, without the files that it would drop for others."""
    held = _number(folder / "memory.current") or _number(folder / "memory.usage_in_bytes") or 0
    counts = dict(line.split() for line in _lines(folder / "memory.stat"))
    return held - int(counts.get("total_inactive_file", counts.get("inactive_file", 0)))
