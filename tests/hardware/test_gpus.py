"""GPUs by each interface. None is here: drivers are stood in for by what they would answer, through their real ABI."""

import json
import shutil
import subprocess
from ctypes.util import find_library
from pathlib import Path

import pytest

from assistant.hardware.gpus import Gpu, cuda, metal, rocm, vulkan

NVML = """
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory;
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) { strncpy(text, "550.54", length); return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = (void *)(0x100000000ull + index);
    return index == 1 ? 15 : 0;
}
int nvmlDeviceGetName(void *device, char *text, unsigned length) { strncpy(text, "RTX 3060", length); return 0; }
int nvmlDeviceGetMemoryInfo(void *device, memory *found) {
    if (device != (void *)0x100000000ull) return 3;
    found->total = 12884901888ull;
    found->free = 12000000000ull;
    return 0;
}
"""
"""Two GPUs, the second of which shares the main memory, and a third that has fallen off the bus."""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_nvidia_by_nvml(tmp_path: Path) -> None:
    (tmp_path / "nvml.c").write_text(NVML)
    library = tmp_path / "libnvidia-ml.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "nvml.c"], check=True)
    assert list(cuda(str(library))) == [
        Gpu("cuda", "RTX 3060", 12_884_901_888, 12_000_000_000, "driver 550.54"),
        Gpu("cuda", "RTX 3060", 0, None, "driver 550.54"),
    ]


def test_a_driver_that_is_not_installed_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        list(cuda(str(tmp_path / "libnvidia-ml.so.1")))
    with pytest.raises(OSError):
        list(vulkan(str(tmp_path / "libvulkan.so.1")))


def test_amd_by_the_kernel(tmp_path: Path) -> None:
    write(tmp_path / "0", "cpu_cores_count 8\nsimd_count 0\n", "")
    write(
        tmp_path / "1",
        "simd_count 160\ngfx_target_version 100300\n",
        "navi21",
        "heap_type 1\nsize_in_bytes 17163091968\n",
    )
    write(tmp_path / "10", "simd_count 8\ngfx_target_version 90010\n", "", "heap_type 0\nsize_in_bytes 5\n")
    assert list(rocm(tmp_path)) == [
        Gpu("rocm", "navi21", 17_163_091_968, None, "gfx1030"),
        Gpu("rocm", "AMD GPU", 0, None, "gfx90a"),
    ]
    assert list(rocm(tmp_path / "nowhere")) == []


def write(node: Path, properties: str, name: str, *banks: str) -> None:
    node.mkdir()
    (node / "properties").write_text(properties)
    (node / "name").write_text(name + "\n")
    for number, bank in enumerate(banks):
        folder = node / "mem_banks" / str(number)
        folder.mkdir(parents=True)
        (folder / "properties").write_text(bank)


def test_a_mac_by_its_profiler() -> None:
    entry = {"sppci_model": "Apple M2", "spdisplays_mtlgpufamilysupport": "spdisplays_metal3"}
    report = {"SPDisplaysDataType": [entry, {"sppci_model": "Display without Metal"}]}
    assert list(metal(json.dumps(report))) == [Gpu("metal", "Apple M2", note="shares the main memory")]
    assert list(metal('{"SPDisplaysDataType": []}')) == []


@pytest.mark.skipif(find_library("vulkan") is None, reason="needs a Vulkan loader")
def test_vulkan_by_its_real_loader() -> None:
    for gpu in vulkan(processors=True):
        assert gpu.name.isprintable()
        assert gpu.name
