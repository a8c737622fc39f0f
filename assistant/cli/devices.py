"""`assistant devices`: the microphones and speakers of this machine."""

import asyncio
from dataclasses import asdict

import click

from assistant.assembly import assemble
from assistant.chat import Priority
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.engines import Kind
from assistant.errors import AssistantError
from assistant.soundcheck import Device
from assistant.streams import in_thread

__all__ = ["devices"]


@click.command()
@json_option
@click.pass_obj
def devices(settings: Settings, as_json: bool) -> None:
    """Print the devices that the configured sound engines see; `device:` takes a name, or a part of it."""
    found = asyncio.run(_devices(settings))
    if as_json:
        show_json([{"engine": engine, **asdict(device)} for engine, device in found])
        return
    rows = [
        [engine, "*" if d.default else "", str(d.inputs), str(d.outputs), str(d.rate), d.name] for engine, d in found
    ]
    show_table(["engine", "default", "in", "out", "Hz", "name"], rows)


async def _devices(settings: Settings) -> list[tuple[str, Device]]:
    found: dict[tuple[str, str], Device] = {}
    async with assemble(settings.load()) as assembly:
        for model in assembly.models():
            if model.kind not in (Kind.SOURCE, Kind.SINK):
                continue
            try:
                async with assembly.pool.lease(model.id, Priority.BACKGROUND) as engine:
                    listed = await in_thread(engine.devices) if hasattr(engine, "devices") else []
            except AssistantError as error:
                click.echo(f"model {model.id}: {error}", err=True)
                continue
            found |= {(model.engine, device.name): device for device in listed}
    return [(engine, device) for (engine, _), device in found.items()]
