"""The limits of control groups: made-up trees of both versions, and a real group of version 1 where it can be made."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.cgroups import Limits, limits
from assistant.machine import memory, processor

GB = 1_000_000_000
MOUNT_2 = "30 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
MOUNTS_1 = """
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 {within} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:33 / /proc rw - proc proc rw
""".strip()


def tree(root: Path, group: str, mounts: str, files: dict[str, str]) -> None:
    for name, text in {"proc/self/cgroup": group, "proc/self/mountinfo": mounts, **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")


def test_without_groups_there_are_no_limits(tmp_path: Path) -> None:
    assert limits(tmp_path) == Limits(None, None, None)


def test_version_2_counts_every_group_around_the_process(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/system.slice/inglenook.service"
    files = {
        f"{group}/cpu.max": "max 100000",
        f"{group}/memory.max": "max",
        f"{group}/memory.high": str(3 * GB),
        f"{group}/memory.current": str(2 * GB),
        f"{group}/memory.stat": f"anon {GB}\ninactive_file {GB}",
        "sys/fs/cgroup/system.slice/cpu.max": "150000 100000",
        "sys/fs/cgroup/system.slice/memory.max": str(4 * GB),
        "sys/fs/cgroup/system.slice/memory.current": str(3 * GB + GB // 2),
    }
    tree(tmp_path, "0::/system.slice/inglenook.service", MOUNT_2, files)
    assert limits(tmp_path) == Limits(1.5, 3 * GB, GB // 2)


@pytest.mark.parametrize("within", ["/", "/docker/abc"])
def test_version_1_counts_too_and_a_container_sees_a_part_of_the_tree(tmp_path: Path, within: str) -> None:
    group = "sys/fs/cgroup/memory" + ("" if within != "/" else "/docker/abc")
    files = {
        "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "50000",
        "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        f"{group}/memory.limit_in_bytes": str(GB),
        f"{group}/memory.usage_in_bytes": str(GB),
        f"{group}/memory.stat": f"inactive_file 1\ntotal_inactive_file {GB // 4}",
        "sys/fs/cgroup/memory/memory.use_hierarchy": "1",
    }
    text = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/"
    tree(tmp_path, text, MOUNTS_1.format(within=within), files)
    assert limits(tmp_path) == Limits(0.5, GB, GB // 4)


def test_no_limit_of_version_1_is_the_largest_number(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}
    tree(tmp_path, "4:memory:/", MOUNTS_1.format(within="/"), files)
    assert limits(tmp_path).memory is None


def test_a_group_outside_of_what_is_mounted_is_taken_as_its_top(tmp_path: Path) -> None:
    tree(tmp_path, "0::/../../other", MOUNT_2, {"sys/fs/cgroup/cpu.max": "200000 100000"})
    assert limits(tmp_path).cores == 2


@pytest.fixture
def real_group() -> Iterator[list[Path]]:
    """Make a real group with half a core and 300 MB, where that is allowed."""
    folders = [Path("/sys/fs/cgroup/cpu/inglenook-test"), Path("/sys/fs/cgroup/memory/inglenook-test")]
    if not all((folder.parent / "tasks").exists() for folder in folders):
        pytest.skip("control groups of version 1 are not mounted here")
    try:
        for folder in folders:
            folder.mkdir(exist_ok=True)
        (folders[0] / "cpu.cfs_quota_us").write_text("50000")
        (folders[1] / "memory.limit_in_bytes").write_text("300000000")
    except OSError as error:
        pytest.skip(f"control groups cannot be made here: {error}")
    yield folders
    for folder in folders:
        folder.rmdir()


def test_a_process_in_a_real_group_sees_its_limits(real_group: list[Path]) -> None:
    join = "; ".join(f"open({str(folder / 'tasks')!r}, 'w').write('0')" for folder in real_group)
    code = f"{join}; from assistant.machine import *; print(processor().usable, memory().total, memory().limited)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    usable, total, limited = done.stdout.split()
    assert float(usable) == 0.5
    assert abs(int(total) - 300_000_000) < 10_000  # whole pages
    assert limited == "True"


def test_this_machine_has_a_processor_and_memory() -> None:
    cpu, ram = processor(), memory()
    assert 1 <= cpu.cores <= cpu.threads
    assert 0 < cpu.usable <= cpu.threads
    assert 0 < ram.available <= ram.total
