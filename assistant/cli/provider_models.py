"""`assistant providers loaded`, `load`, `unload` and `pull`: what lies in another server's memory and on its disk."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

import click
from rich.filesize import decimal

from assistant.assembly import find_plugins
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.errors import ConfigError, UnfitModel
from assistant.providers import Provider, ProviderSpec, PullProgress
from assistant.providers.models import sources

__all__ = ["load", "loaded", "pull", "unload"]

F = TypeVar("F")


@click.command()
@click.argument("provider")
@json_option
@click.pass_obj
def loaded(settings: Settings, provider: str, as_json: bool) -> None:
    """Ask a PROVIDER which models are in its memory."""
    server, spec = _found(settings, provider)
    ask = _able(spec, spec.loaded, "tell what is in its memory")
    names = sorted(f"{server.name}/{name}" for name in asyncio.run(_done(ask(server))))
    if as_json:
        show_json(names)
        return
    show_table(["model"], [[name] for name in names])


@click.command()
@click.argument("model")
@click.pass_obj
def load(settings: Settings, model: str) -> None:
    """Have a server bring a MODEL, such as pc/qwen3:8b, into its memory."""
    server, spec = _found(settings, model)
    _tell(server, _able(spec, spec.load, "be told what to load"), model)


@click.command()
@click.argument("model")
@click.pass_obj
def unload(settings: Settings, model: str) -> None:
    """Have a server take a MODEL, such as pc/qwen3:8b, out of its memory."""
    server, spec = _found(settings, model)
    _tell(server, _able(spec, spec.unload, "be told what to unload"), model)


@click.command()
@click.argument("model")
@click.pass_obj
def pull(settings: Settings, model: str) -> None:
    """Have a server download a MODEL, such as pc/qwen3:8b."""
    server, spec = _found(settings, model)
    fetch = _able(spec, spec.pull, "be told to download a model")

    async def follow() -> None:
        said = ""
        async with aclosing(fetch(server, _name(model))) as progress:
            async for part in progress:
                if (line := _line(part)) != said:
                    click.echo(line)
                said = line

    asyncio.run(follow())


async def _done(work: Awaitable[F]) -> F:
    return await work


def _tell(server: Provider, work: Callable[[Provider, str], Awaitable[None]], model: str) -> None:
    """Have a server do something with one of its models."""
    asyncio.run(_done(work(server, _name(model))))


def _line(part: PullProgress) -> str:
    """Return how far it is: ten lines for a file, however often the server tells."""
    if not part.total:
        return part.status
    tenths = min(10, 10 * part.done // part.total)
    return f"{part.status}: {10 * tenths} % of {decimal(part.total)}"


def _found(settings: Settings, model: str) -> tuple[Provider, ProviderSpec]:
    """Return the server of a model, and what is known of its type; raises ConfigError."""
    configured = settings.load()
    name = model.partition("/")[0]
    known = sources(configured, find_plugins(configured))
    if name not in known:
        raise ConfigError(f"there is no provider {name!r}", hint=f"there are: {', '.join(known) or 'none'}")
    source = known[name]
    if source.spec is None:
        raise source.failure or ConfigError(f"{source.provider} is not used")
    return source.provider, source.spec


def _able(spec: ProviderSpec, ability: Callable[..., F] | None, what: str) -> Callable[..., F]:
    if ability is None:
        raise UnfitModel(f"{spec.title} cannot {what}", hint="do it at the server itself")
    return ability


def _name(model: str) -> str:
    """Return what the server calls a model; raises BadParameter where only the server is named."""
    name = model.partition("/")[2]
    if not name:
        raise click.BadParameter(f"{model}/MODEL is wanted", param_hint="MODEL")
    return name
