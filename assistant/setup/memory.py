"""How much memory a process here may still take."""

from pathlib import Path

__all__ = ["available_memory"]


def available_memory(root: Path = Path("/")) -> int:
    """Return the bytes that are free for programs: of the machine, or less where its control group allows less."""
    free = [_of_machine(root / "proc/meminfo")]
    group = next((line[3:].strip("/ \n") for line in _lines(root / "proc/self/cgroup") if line.startswith("0::")), "")
    folder = root / "sys/fs/cgroup"
    for part in ("", *Path(group).parts):
        folder /= part
        most, used = _number(folder / "memory.max"), _number(folder / "memory.current")
        if most is not None and used is not None:
            free.append(max(0, most - used))
    return min(free)


def _of_machine(file: Path) -> int:
    values = dict(line.split(":", 1) for line in _lines(file) if ":" in line)
    return int(values["MemAvailable"].split()[0]) * 1024


def _number(file: Path) -> int | None:
    text = "".join(_lines(file)).strip()
    return int(text) if text.isdigit() else None  # `max` is no limit


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
