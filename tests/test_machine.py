"""Processors and memory of other machines, as their kernels describe them."""

import os
from pathlib import Path

import pytest

from assistant.cgroups import Limits
from assistant.machine import memory, processor, usable_cores

PI_5 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41

processor\t: 1
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp

Revision\t: d04170
Model\t\t: Raspberry Pi 5 Model B Rev 1.0
"""
BIG_LITTLE = """processor\t: 0
Features\t: fp asimd asimddp

processor\t: 1
Features\t: fp asimd asimddp sve i8mm bf16
"""
X86 = """processor\t: 0
model name\t: Intel(R) N100
flags\t\t: fpu sse4_2 avx f16c fma avx2 avx_vnni
"""


def test_a_raspberry_pi(tmp_path: Path) -> None:
    write(tmp_path, {"proc/cpuinfo": PI_5, "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"})
    cpu = processor(tmp_path, Limits())
    assert cpu.name == "Raspberry Pi 5 Model B Rev 1.0"
    assert cpu.extensions == ("NEON", "FP16", "dot product")


def test_only_what_every_core_has_counts(tmp_path: Path) -> None:
    write(tmp_path, {"proc/cpuinfo": BIG_LITTLE})
    assert processor(tmp_path, Limits()).extensions == ("NEON", "dot product")


def test_a_mini_pc_whose_group_has_a_quota(tmp_path: Path) -> None:
    write(tmp_path, {"proc/cpuinfo": X86})
    cpu = processor(tmp_path, Limits(cores=0.5))
    assert cpu.name == "Intel(R) N100"
    assert cpu.extensions == ("SSE4.2", "AVX", "F16C", "FMA", "AVX2", "AVX-VNNI")
    assert cpu.usable == 0.5
    assert processor(tmp_path, Limits(cores=1000)).usable == len(os.sched_getaffinity(0))


def test_threads_of_one_core_count_once(tmp_path: Path) -> None:
    for n in os.sched_getaffinity(0):
        write(tmp_path, {f"sys/devices/system/cpu/cpu{n}/topology/thread_siblings_list": "0-63"})
    assert processor(tmp_path, Limits()).cores == 1
    assert usable_cores(tmp_path, Limits()) == 1


@pytest.mark.parametrize(("quota", "threads"), [(None, 8), (64, 8), (2, 2), (1.5, 2), (0.1, 1)])
def test_no_more_threads_are_started_than_the_quota_gives_time_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: float | None, threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    assert usable_cores(tmp_path, Limits(cores=quota)) == threads


def test_memory_is_what_the_group_leaves(tmp_path: Path) -> None:
    write(tmp_path, {"proc/meminfo": "MemTotal:  8000000 kB\nMemFree: 1 kB\nMemAvailable:  4000000 kB\n"})
    whole = memory(tmp_path, Limits())
    assert (whole.total, whole.available, whole.limited) == (8_192_000_000, 4_096_000_000, False)
    part = memory(tmp_path, Limits(memory=2_000_000_000, available=500_000_000))
    assert (part.total, part.available, part.limited) == (2_000_000_000, 500_000_000, True)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
