"""`assistant hardware`: what this machine can give, and what the installed engines can use of it."""

from dataclasses import asdict

import click

from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.hardware import asking
from assistant.hardware.asking import Asked
from assistant.hardware.gpus import Gpu
from assistant.machine import Memory, Processor, memory, processor

__all__ = ["hardware"]


@click.command()
@json_option
@click.pass_obj
def hardware(settings: Settings, as_json: bool) -> None:
    """Print processor, memory and GPUs as far as this process may use them, and what the engines were built for."""
    from assistant.assembly import find_plugins

    cpu, ram, found = processor(), memory(), asking.gpus()
    engines = list(asking.builds(find_plugins(settings.load()), settings.config))
    if as_json:
        show_json(
            {
                "processor": asdict(cpu),
                "memory": asdict(ram),
                "gpus": [asdict(gpu) for gpu in found],
                "engines": [asdict(asked) for asked in engines],
            }
        )
        return
    rows = [["processor", _processor(cpu)], ["memory", _memory(ram)]]
    rows += [[f"GPU ({gpu.interface})", _gpu(gpu)] for gpu in found] or [["GPU", "none by NVML, ROCm, Vulkan or Metal"]]
    rows += [[f"engine {asked.engine}", _engine(asked, found)] for asked in engines]
    show_table(["part", "what it is"], rows)


def _processor(cpu: Processor) -> str:
    cores = f"{cpu.cores} cores" if cpu.cores == cpu.threads else f"{cpu.cores} cores, {cpu.threads} threads"
    quota = f", {cpu.usable:g} cores' worth of time" if cpu.usable < cpu.threads else ""
    return f"{cpu.name or cpu.machine} ({cpu.machine}), {cores}{quota}\n{', '.join(cpu.extensions)}"


def _memory(ram: Memory) -> str:
    limit = ", limited by the group of this process" if ram.limited else ""
    return f"{_gigabytes(ram.total)}{limit}; {_gigabytes(ram.available)} available"


def _gpu(gpu: Gpu) -> str:
    size = _gigabytes(gpu.memory) if gpu.memory else ""
    free = f"{_gigabytes(gpu.free)} free" if gpu.free is not None else ""
    return ", ".join(filter(None, [gpu.name, size, free, gpu.note]))


def _engine(asked: Asked, found: list[Gpu]) -> str:
    """Say what an engine computes on, and what to do where a GPU is there and the build is not for it."""
    if asked.build is None:
        return f"cannot say: {asked.failure}"
    build = asked.build
    if build.usable:
        return f"{build.library}: uses {', '.join(build.usable)}"
    if build.built_for:
        return f"{build.library}: uses the processor; built for {', '.join(build.built_for)} too, and finds no such GPU"
    others = sorted({gpu.interface for gpu in found})
    hint = f"\nthere is a GPU ({', '.join(others)}): docs/hardware.md says how to build for it" if others else ""
    return f"{build.library}: uses the processor{hint}"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
