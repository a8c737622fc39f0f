"""`assistant providers`: other servers of models, and what is known of them."""

import asyncio

import click
import msgspec

from assistant.assembly import assemble, find_plugins
from assistant.cli import Settings, provider_detect, provider_health, provider_models
from assistant.cli.output import json_option, show_json, show_table
from assistant.cli.provider_health import ask
from assistant.providers.figures import ProviderStatus

__all__ = ["providers"]


@click.group()
def providers() -> None:
    """Show other servers of models."""


for _command in (
    provider_detect.detect,
    provider_health.health,
    provider_health.monitor,
    provider_models.loaded,
    provider_models.load,
    provider_models.unload,
    provider_models.pull,
):
    providers.add_command(_command)


@providers.command()
@json_option
@click.pass_obj
def types(settings: Settings, as_json: bool) -> None:
    """Print every type of server that plugins know, and where it usually is."""
    known = find_plugins(settings.load()).providers().values()
    if as_json:
        show_json([{"type": spec.type, "title": spec.title, "endpoint": spec.endpoint} for spec in known])
        return
    show_table(["type", "server", "usual place"], [[spec.type, spec.title, spec.endpoint] for spec in known])


@providers.command(name="list")
@json_option
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """Ask every server of the configuration for its models, and print them."""
    found = asyncio.run(_asked(settings))
    if as_json:
        show_json([msgspec.to_builtins(status) for status in found])
        return
    rows = [[s.name, s.type, s.endpoint, s.state, s.reason or ", ".join(s.models) or "none"] for s in found]
    show_table(["provider", "type", "where", "state", "models"], rows)


async def _asked(settings: Settings) -> list[ProviderStatus]:
    async with assemble(settings.load()) as assembly:
        asked = (ask(assembly.providers, status) for status in assembly.providers.status())
        return await asyncio.gather(*asked)
