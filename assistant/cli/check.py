"""`assistant check`: open everything, and name what is missing and how to get it."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import click
import msgspec

from assistant.assembly import Assembly, assemble
from assistant.chat import Priority
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_table
from assistant.engines import Kind
from assistant.errors import AssistantError
from assistant.host import ModelStatus
from assistant.http.guard import check_bind
from assistant.http.tls import RENEW, Tls
from assistant.pipeline.voices import Voices
from assistant.soundcheck.examine import Diagnosis, examine_array, examine_sink, examine_source
from assistant.soundcheck.server import server_state

__all__ = ["check"]

_VOICES = "install one that does (docs/languages.md)"
"""What is to be done where no voice speaks the language."""


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
@click.option("--silent", is_flag=True, help="Play no notes on the speakers.")
@json_option
@click.pass_obj
def check(settings: Settings, silent: bool, as_json: bool) -> int:
    """Open every plugin, model and device; say what is missing and which command gets it."""
    findings = asyncio.run(_check(settings, silent))
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


async def _check(settings: Settings, silent: bool) -> list[Finding]:
    loaded = settings.load()
    check_bind(loaded.config.http)
    tls = Tls.of(loaded.config.http)
    wrong = tls.wrong() if tls else ""
    findings = [Finding("http.certificate", "warning", wrong, RENEW)] if wrong else []
    async with assemble(loaded) as assembly:
        return [*findings, *[finding async for finding in _findings(assembly, silent)]]


async def _findings(assembly: Assembly, silent: bool) -> AsyncGenerator[Finding, None]:
    for plugin in assembly.plugins:
        if plugin.failure:
            yield Finding(f"plugin {plugin.name}", "failed", str(plugin.failure), plugin.failure.hint)
        else:
            yield Finding(f"plugin {plugin.name}", "ok", plugin.origin)
    async for finding in _of_services(assembly):
        yield finding
    if any(model.kind in (Kind.SOURCE, Kind.SINK) for model in assembly.models()) and (
        server := (await server_state()).name
    ):
        yield Finding("sound server", "ok", server)
    async for finding in _of_providers(assembly):
        yield finding
    for model in assembly.models():
        if model.id in assembly.providers:
            continue
        what = f"model {model.id} ({model.engine})"
        try:
            async with assembly.pool.lease(model.id, Priority.BACKGROUND) as engine:
                diagnosis = await _examine(assembly, model, engine, silent)
        except AssistantError as error:
            spare = assembly.pool.model(model.id).spec.stands_in
            yield Finding(what, "warning" if spare else "failed", str(error), error.hint)
            continue
        for finding in _of_device(what, diagnosis):
            yield finding
    for name, assistant in assembly.equipment.assistants.items():
        voices = Voices(assembly.pool, assistant, "" if assistant.language == "auto" else assistant.language)
        if voices.models and not voices.knows(voices.models[0]):
            text = f"no voice speaks {assistant.language}; {voices.models[0]} reads it as if it were its own language"
            yield Finding(f"assistant {name}", "warning", text, _VOICES)


async def _of_services(assembly: Assembly) -> AsyncGenerator[Finding, None]:
    """Try the services that know how to be tried."""
    offered = assembly.plugins.services()
    for name in assembly.config.services:
        if (spec := offered.get(name)) is not None and spec.check is not None:
            what = f"service {name}"
            try:
                note = await spec.check(assembly.loaded.service(name, spec.config))
            except AssistantError as error:
                yield Finding(what, "failed", str(error), error.hint)
            else:
                yield Finding(what, "ok", note)


async def _of_providers(assembly: Assembly) -> AsyncGenerator[Finding, None]:
    """Ask other servers for their models; one that is asleep is no fault."""
    for status in assembly.providers.status():
        what = f"provider {status.name} ({status.type})"
        if status.state == "off":
            yield Finding(what, "warning", status.reason)
            continue
        try:
            models = await assembly.providers.ask(status.name)
        except AssistantError as error:
            yield Finding(what, "warning", str(error), error.hint)
        else:
            yield Finding(what, "ok", f"{status.endpoint} has {len(models)} models")


async def _examine(assembly: Assembly, model: ModelStatus, engine: Any, silent: bool) -> Diagnosis:
    """Try a microphone or a speaker; everything else is well once it is open."""
    if model.kind is Kind.SOURCE:
        if muted := _muted(assembly, model.id):
            return Diagnosis((f"{muted} is muted, so nothing was listened to: assistant unmute",))
        found = await examine_source(engine)
        entry = assembly.pool.model(model.id)
        channels = await examine_array(engine, entry.config, entry.spec.open, found.device)
        return replace(found, complaints=found.complaints + channels)
    if model.kind is Kind.SINK and hasattr(engine, "devices") and not silent:  # a file is not a speaker
        async with AsyncExitStack() as stack:
            return await examine_sink(engine, await _microphone_beside(assembly, model.id, stack))
    return Diagnosis()


async def _microphone_beside(assembly: Assembly, sink: str, stack: AsyncExitStack) -> Any:
    """Return the microphone of the device that a speaker belongs to; None where there is none that opens."""
    devices = [(name, device) for name, device in assembly.config.devices.items() if device.sink == sink]
    sources = [device.source for name, device in devices if not assembly.controls.muted(name)]
    try:
        return await stack.enter_async_context(assembly.pool.lease(sources[0], Priority.BACKGROUND))
    except (IndexError, AssistantError):
        return None


def _muted(assembly: Assembly, source: str) -> str:
    """Return the device that listens to a microphone and is muted; empty where none is."""
    devices = assembly.config.devices.items()
    return next((name for name, device in devices if device.source == source and assembly.controls.muted(name)), "")


def _of_device(what: str, diagnosis: Diagnosis) -> Iterator[Finding]:
    if diagnosis.failure is not None:
        yield Finding(what, "failed", str(diagnosis.failure), diagnosis.failure.hint)
    else:
        yield Finding(what, "ok", diagnosis.note)
    for complaint in diagnosis.complaints:
        yield Finding(what, "warning", complaint)
