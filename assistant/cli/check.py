"""`assistant check`: open everything, and name what is missing and how to get it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import click
import msgspec

from assistant.assembly import Assembly, assemble
from assistant.audio import AudioChunk
from assistant.chat import Priority
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.engines import Kind, Source
from assistant.errors import AssistantError
from assistant.http.guard import check_bind
from assistant.soundcheck import diagnose

__all__ = ["check"]

_LISTEN = 2.0
"""Seconds to listen to a microphone."""
_SILENT = 5.0
"""Seconds without a chunk after which a microphone gives nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of opening one thing."""

    what: str
    """A plugin, a model of the configuration, a device."""
    state: str
    """`ok`, `warning` or `failed`."""
    text: str
    """What is wrong; empty where nothing is."""
    hint: str = ""
    """What to do about it."""


@click.command()
@json_option
@click.pass_obj
def check(settings: Settings, as_json: bool) -> int:
    """Open every plugin, model and device; say what is missing and which command gets it."""
    findings = asyncio.run(_check(settings))
    if as_json:
        show_json([msgspec.to_builtins(finding) for finding in findings])
    else:
        show_table(["", "what", "finding"], [[f.state, f.what, _text(f)] for f in findings])
    failed = sum(finding.state == "failed" for finding in findings)
    if not as_json:
        click.echo(f"{failed} of {len(findings)} failed" if failed else "everything can be opened")
    return 1 if failed else 0


def _text(finding: Finding) -> str:
    return f"{finding.text}\n{finding.hint}" if finding.hint else finding.text


async def _check(settings: Settings) -> list[Finding]:
    loaded = settings.load()
    check_bind(loaded.config.http)
    async with assemble(loaded) as assembly:
        return [finding async for finding in _findings(assembly)]


async def _findings(assembly: Assembly) -> AsyncGenerator[Finding, None]:
    for plugin in assembly.plugins:
        if plugin.failure:
            yield Finding(f"plugin {plugin.name}", "failed", str(plugin.failure), plugin.failure.hint)
        else:
            yield Finding(f"plugin {plugin.name}", "ok", plugin.origin)
    for model in assembly.models():
        what = f"model {model.id} ({model.engine})"
        try:
            async with assembly.pool.lease(model.id, Priority.BACKGROUND) as engine:
                complaints = await _listen(engine) if model.kind is Kind.SOURCE else []
        except AssistantError as error:
            yield Finding(what, "failed", str(error), error.hint)
            continue
        yield Finding(what, "ok", "")
        for complaint in complaints:
            yield Finding(what, "warning", complaint)


async def _listen(source: Source) -> list[str]:
    """Listen for a moment and return what is wrong with the sound."""
    chunks: list[AudioChunk] = []
    try:
        async with asyncio.timeout(_LISTEN + _SILENT), aclosing(source.capture()) as audio:
            async for chunk in audio:
                chunks.append(chunk)
                if sum(chunk.duration for chunk in chunks) >= _LISTEN:
                    break
    except TimeoutError:
        return ["it is open and gives no sound: another program may hold it"]
    return diagnose(chunks)
