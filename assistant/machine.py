"""Processor and memory, as far as this process may use them."""

import math
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from assistant.cgroups import Limits, limits

__all__ = ["Memory", "Processor", "memory", "processor", "usable_cores"]

_EXTENSIONS = {
    "sse4_2": "SSE4.2",
    "avx": "AVX",
    "f16c": "F16C",
    "fma": "FMA",
    "avx2": "AVX2",
    "avx_vnni": "AVX-VNNI",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512_bf16": "AVX-512 BF16",
    "amx_int8": "AMX INT8",
    "amx_bf16": "AMX BF16",
    "asimd": "NEON",
    "asimdhp": "FP16",
    "asimddp": "dot product",
    "i8mm": "I8MM",
    "bf16": "BF16",
    "sve": "SVE",
    "sve2": "SVE2",
    "sme": "SME",
}
"""What makes matrix products fast, by its name in /proc/cpuinfo (x86 and 64-bit ARM)."""


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor."""

    name: str
    """Its model, or that of the board."""
    machine: str
    """Its architecture: `x86_64`, `aarch64`."""
    cores: int
    """Physical cores that this process may run on."""
    threads: int
    """Logical cores that this process may run on."""
    usable: float
    """Cores' worth of time that this process gets at most: the smaller of `threads` and the quota of its group."""
    extensions: tuple[str, ...]
    """Vector extensions that every core has."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The main memory."""

    total: int
    """Bytes that this process may use: what the machine has, or the limit of its group."""
    available: int
    """Bytes of that which are free, or could be at once."""
    limited: bool
    """Whether a group's limit is what counts."""


def processor(root: Path = Path("/"), groups: Limits | None = None) -> Processor:
    """Describe the processor. *root* is the root of the file system; *groups* the limits, this process's where None."""
    groups = limits(root) if groups is None else groups
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    blocks = [_block(text) for text in _read(root / "proc/cpuinfo").split("\n\n") if text.strip()]
    flags = [set((block.get("flags") or block.get("Features", "")).split()) for block in blocks]
    common = set.intersection(*(found for found in flags if found)) if any(flags) else set()
    return Processor(
        name=_name(root, blocks),
        machine=platform.machine(),
        cores=_physical(root / "sys/devices/system/cpu", allowed),
        threads=len(allowed),
        usable=min(len(allowed), groups.cores or len(allowed)),
        extensions=tuple(name for flag, name in _EXTENSIONS.items() if flag in common),
    )


def usable_cores(root: Path = Path("/"), groups: Limits | None = None) -> int:
    """Return how many threads of arithmetic are worth starting, at least 1; the arguments are those of `processor`.

    Two hyper-threads share one core's multipliers, so a second thread on it slows matrix products down. Of threads that
    have more time together than their group's quota, all stand still until the next period.
    """
    allowed = processor(root, groups)
    return max(1, min(allowed.cores, math.ceil(allowed.usable)))


def memory(root: Path = Path("/"), groups: Limits | None = None) -> Memory:
    """Describe the memory; the arguments are those of `processor`."""
    groups = limits(root) if groups is None else groups
    counts = _block(_read(root / "proc/meminfo"))
    total, available = (_bytes(counts.get(name, "")) for name in ("MemTotal", "MemAvailable"))
    if not total and hasattr(os, "sysconf"):  # not Linux
        total = available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limited = groups.memory is not None and groups.memory < total
    return Memory(
        total=min(total, total if groups.memory is None else groups.memory),
        available=min(available, available if groups.available is None else groups.available),
        limited=limited,
    )


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _block(text: str) -> dict[str, str]:
    """Return the `name: value` lines of a text."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _bytes(text: str) -> int:
    return int(text.removesuffix("kB")) * 1024 if text else 0


def _name(root: Path, blocks: list[dict[str, str]]) -> str:
    board = _read(root / "proc/device-tree/model").strip("\0 \n")  # Raspberry Pi 5 Model B Rev 1.0
    return board or next((b["model name"] for b in blocks if b.get("model name")), "") or platform.processor()


def _physical(topology: Path, allowed: list[int]) -> int:
    siblings = {_read(topology / f"cpu{n}/topology/thread_siblings_list") or str(n) for n in allowed}
    return len(siblings)
