"""`assistant providers health` and `monitor`: whether other servers answer, and how well."""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.live import Live

from assistant.assembly import assemble
from assistant.cli import Settings
from assistant.cli.door import ask_daemon
from assistant.cli.output import json_option, show_json, show_table, table
from assistant.errors import AssistantError, ConfigError, ServiceError
from assistant.providers.figures import ProviderStatus
from assistant.providers.watch import Providers

__all__ = ["ask", "health", "monitor"]

_EVERY = 1.0
"""Seconds between two looks."""
_COLUMNS = ["provider", "state", "p50", "p95", "tokens/s", "errors", "busy", "models"]
_MOST = 5
"""Models of one server that are named in a line."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A server, as it is now."""

    status: ProviderStatus
    """Whether it answers, and with which models."""
    seconds: float | None = None
    """How long it took to list them; None where it did not."""


@click.command()
@click.argument("name", default="")
@click.option("--all", "every", is_flag=True, help="Ask every server; so it is without a NAME.")
@json_option
@click.pass_context
def health(context: click.Context, name: str, every: bool, as_json: bool) -> None:
    """Ask the server NAME, or all, for its models now; the exit code is 1 where one that is used does not answer."""
    if name and every:
        raise click.UsageError("give either a NAME or --all")
    found = asyncio.run(_checked(context.obj, name))
    if as_json:
        show_json([msgspec.to_builtins(each.status) | {"seconds": each.seconds} for each in found])
    else:
        show_table(["provider", "state", "latency", "models"], [_checked_row(each) for each in found])
    if any(each.status.state == "asleep" for each in found):
        context.exit(1)


@click.command()
@json_option
@click.pass_obj
def monitor(settings: Settings, as_json: bool) -> None:
    """Show how the servers answer the running daemon, again and again until Ctrl-C; once where this is no terminal."""
    seen = _seen(settings)
    if as_json:
        show_json(seen)
    elif not sys.stdout.isatty():
        show_table(_COLUMNS, map(_seen_row, seen))
    else:
        with Live(table(_COLUMNS, map(_seen_row, seen)), console=Console(highlight=False, markup=False)) as live:
            while True:
                time.sleep(_EVERY)
                live.update(table(_COLUMNS, map(_seen_row, _seen(settings))))


async def ask(servers: Providers, status: ProviderStatus) -> ProviderStatus:
    """Return what is known of a server after it was asked."""
    return (await _check(servers, status)).status


async def _checked(settings: Settings, name: str) -> list[Checked]:
    async with assemble(settings.load()) as assembly:
        every = assembly.providers.status()
        wanted = [status for status in every if name in ("", status.name)]
        if name and not wanted:
            known = ", ".join(status.name for status in every)
            raise ConfigError(f"there is no provider {name!r}", hint=f"there are: {known or 'none'}")
        return await asyncio.gather(*(_timed(assembly.providers, status) for status in wanted))


async def _timed(servers: Providers, status: ProviderStatus) -> Checked:
    """Ask a server twice: the first time loads what asks, and takes a second of it."""
    first = await _check(servers, status)
    return await _check(servers, status) if first.status.state == "awake" else first


async def _check(servers: Providers, status: ProviderStatus) -> Checked:
    if status.state == "off":
        return Checked(status)
    began = time.perf_counter()
    try:
        models = await servers.ask(status.name)
    except AssistantError as error:
        reason = f"{error} ({error.hint})" if error.hint else str(error)
        return Checked(replace(status, state="asleep", reason=reason))
    ids = tuple(f"{status.name}/{model.name}" for model in models)
    answered = replace(status, state="awake", models=tuple(dict.fromkeys([*status.models, *ids])))
    return Checked(answered, round(time.perf_counter() - began, 4))


def _seen(settings: Settings) -> list[dict[str, Any]]:
    answer = ask_daemon(settings, "GET", "/api/providers")
    if answer is None:
        raise ServiceError("no daemon is running", hint="`assistant providers health` asks the servers without one")
    seen: list[dict[str, Any]] = answer["providers"]
    return seen


def _checked_row(checked: Checked) -> list[str]:
    s = checked.status
    latency = "" if checked.seconds is None else f"{1000 * checked.seconds:.0f} ms"
    return [s.name, s.state, latency, s.reason or ", ".join(s.models) or "none"]


def _seen_row(one: Mapping[str, Any]) -> list[str]:
    numbers = [_number(one["p50"], "{:.2f} s"), _number(one["p95"], "{:.2f} s"), _number(one["pace"], "{:.1f}")]
    errors = f"{one['failures']} of {one['replies'] + one['failures']}"
    busy = f"{one['working']}, {one['waiting']} wait" if one["waiting"] else str(one["working"])
    return [one["name"], one["state"], *numbers, errors, busy, one["reason"] or _named(one["models"], one["resting"])]


def _named(models: Sequence[str], resting: Sequence[str]) -> str:
    """Return models in words, those that failed first."""
    named = [f"{id_} (failed lately)" for id_ in resting] + [id_ for id_ in models if id_ not in resting]
    more = [f"and {len(named) - _MOST} more"] if len(named) > _MOST else []
    return ", ".join(named[:_MOST] + more) or "none"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
