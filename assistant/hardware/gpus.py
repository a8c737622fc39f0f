"""The GPUs of this machine, by each interface that could compute on them.

Drivers are opened here, and a driver can end a process: the core runs this in one of its own (`asking.py`).
"""

import ctypes
import json
import platform
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Gpu", "cuda", "gpus", "metal", "rocm", "vulkan"]


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU, seen by one interface; another may see the same."""

    interface: str
    """`cuda`, `rocm`, `vulkan` or `metal`: what a build must be made for."""
    name: str
    """Its model."""
    memory: int = 0
    """Bytes of its memory; 0 where unknown."""
    free: int | None = None
    """Bytes that are free; None where unknown."""
    note: str = ""
    """Driver, or what is special about it."""


def gpus() -> list[Gpu]:
    """Return the GPUs by every interface; one that is not installed, or fails, has none."""
    found: list[Gpu] = []
    interfaces: list[Callable[[], Iterator[Gpu]]] = [cuda, rocm, vulkan, metal]
    for interface in interfaces:
        try:
            found += interface()
        except (OSError, AttributeError, ValueError, subprocess.SubprocessError):
            continue
    return found


class _NvmlMemory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def cuda(library: str = "libnvidia-ml.so.1") -> Iterator[Gpu]:
    """Yield NVIDIA's GPUs by NVML, which comes with the driver (docs.nvidia.com/deploy/nvml-api)."""
    nvml = ctypes.CDLL(library)
    if nvml.nvmlInit_v2() != 0:
        return
    try:
        driver, count = ctypes.create_string_buffer(80), ctypes.c_uint()
        nvml.nvmlSystemGetDriverVersion(driver, 80)
        nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        for number in range(count.value):
            device, name, memory = ctypes.c_void_p(), ctypes.create_string_buffer(96), _NvmlMemory()
            if nvml.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(device)) != 0:
                continue
            nvml.nvmlDeviceGetName(device, name, 96)
            known = nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) == 0  # a Jetson shares the main memory
            free = memory.free if known else None
            yield Gpu("cuda", _text(name), memory.total, free, f"driver {_text(driver)}")
    finally:
        nvml.nvmlShutdown()


def rocm(nodes: Path = Path("/sys/class/kfd/kfd/topology/nodes")) -> Iterator[Gpu]:
    """Yield AMD's GPUs by the kernel's driver for computing, amdkfd."""
    for node in sorted(nodes.glob("*"), key=lambda folder: int(folder.name)):
        properties = _properties(node / "properties")
        if not properties.get("simd_count"):
            continue  # a processor
        banks = [_properties(bank) for bank in node.glob("mem_banks/*/properties")]
        memory = sum(bank.get("size_in_bytes", 0) for bank in banks if bank.get("heap_type") in (1, 2))
        target = properties.get("gfx_target_version", 0)
        name = (node / "name").read_text().strip() if (node / "name").exists() else ""
        yield Gpu(
            "rocm", name or "AMD GPU", memory, None, f"gfx{target // 10000}{target // 100 % 100:x}{target % 100:x}"
        )


class _Instance(ctypes.Structure):
    """VkInstanceCreateInfo with nothing in it."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("flags", ctypes.c_uint32),
        ("application", ctypes.c_void_p),
        ("layers", ctypes.c_uint32),
        ("layer_names", ctypes.c_void_p),
        ("extensions", ctypes.c_uint32),
        ("extension_names", ctypes.c_void_p),
    )


class _Heap(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint64), ("flags", ctypes.c_uint32))


class _Heaps(ctypes.Structure):
    """VkPhysicalDeviceMemoryProperties."""

    _fields_ = (
        ("type_count", ctypes.c_uint32),
        ("types", ctypes.c_uint32 * 64),
        ("count", ctypes.c_uint32),
        ("heaps", _Heap * 16),
    )


class _Device(ctypes.Structure):
    """The beginning of VkPhysicalDeviceProperties, and room for the rest."""

    _fields_ = (
        ("api", ctypes.c_uint32),
        ("driver", ctypes.c_uint32),
        ("vendor", ctypes.c_uint32),
        ("device", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("name", ctypes.c_char * 256),
        ("rest", ctypes.c_uint64 * 128),
    )


_INTEGRATED, _PROCESSOR = 1, 4
"""Types of device (VkPhysicalDeviceType); the last is a driver that computes on the processor, as for tests."""
_DEVICE_LOCAL = 1
"""Flag of memory that is the device's own (VkMemoryHeapFlagBits)."""


def vulkan(library: str = "libvulkan.so.1", *, processors: bool = False) -> Iterator[Gpu]:
    """Yield the GPUs of every Vulkan driver (registry.khronos.org/vulkan), and *processors* that stand in for one."""
    api = ctypes.CDLL(library)
    instance, info = ctypes.c_void_p(), _Instance(type=1)
    if api.vkCreateInstance(ctypes.byref(info), None, ctypes.byref(instance)) != 0:
        return
    try:
        count = ctypes.c_uint32()
        api.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), None)
        devices = (ctypes.c_void_p * count.value)()
        api.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), devices)
        for handle in devices[: count.value]:
            device, heaps = _Device(), _Heaps()
            api.vkGetPhysicalDeviceProperties(ctypes.c_void_p(handle), ctypes.byref(device))
            if device.type == _PROCESSOR and not processors:
                continue
            api.vkGetPhysicalDeviceMemoryProperties(ctypes.c_void_p(handle), ctypes.byref(heaps))
            own = [heap.size for heap in heaps.heaps[: heaps.count] if heap.flags & _DEVICE_LOCAL]
            note = "shares the main memory" if device.type == _INTEGRATED else ""
            yield Gpu("vulkan", device.name.decode("utf-8", "replace"), sum(own), None, note)
    finally:
        api.vkDestroyInstance(instance, None)


def metal(report: str | None = None) -> Iterator[Gpu]:
    """Yield the GPUs of a Mac, from *report* of `system_profiler`, which is run where None is given."""
    if report is None:
        if platform.system() != "Darwin":
            return
        command = ["/usr/sbin/system_profiler", "-json", "SPDisplaysDataType"]
        report = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout  # noqa: S603
    entries: list[dict[str, Any]] = json.loads(report).get("SPDisplaysDataType", [])
    for entry in entries:
        if "spdisplays_metal" in str(entry.get("spdisplays_mtlgpufamilysupport", "")):
            yield Gpu("metal", str(entry.get("sppci_model", "GPU")), note="shares the main memory")


def _text(buffer: "ctypes.Array[ctypes.c_char]") -> str:
    return buffer.value.decode("utf-8", "replace")


def _properties(file: Path) -> dict[str, int]:
    pairs = (line.split() for line in file.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
