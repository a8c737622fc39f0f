"""`assistant transcribe`: a recording as text."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path

import click

from assistant.assembly import Assembly, assemble
from assistant.cli import Settings
from assistant.cli.daemon import running_daemon
from assistant.cli.output import json_option, show_json
from assistant.engines import Kind
from assistant.errors import AssistantError, AudioError, AudioTooLong, ConfigError, EngineError
from assistant.speech import SttOptions, Transcript
from assistant.streams import iterate_in_thread
from assistant.wav import read_speech

__all__ = ["first_to_hear", "transcribe", "transcribed"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--language", default="", help="BCP-47 tag; the model finds out where it is not given.")
@click.option("--model", default="", help="Model id; that of the first assistant by default.")
@json_option
@click.pass_obj
def transcribe(settings: Settings, file: Path, language: str, model: str, as_json: bool) -> None:
    """Print what is said in the WAV file FILE."""
    transcript = asyncio.run(_transcribe(settings, file, language, model))
    if as_json:
        show_json({"text": transcript.text, "language": transcript.language})
    else:
        click.echo(transcript.text)


async def _transcribe(settings: Settings, file: Path, language: str, model: str) -> Transcript:
    models = (model,) if model else next(iter(settings.load().config.assistants.values())).ears
    async with running_daemon(settings) as daemon:
        if daemon is not None:
            with suppress(AudioTooLong):  # such a recording is heard here
                return await first_to_hear(models, lambda model: daemon.transcript(file, model, language))
    async with assemble(settings.load()) as assembly:
        known = [assembly.model(model, Kind.STT) for model in models]
        return await first_to_hear(known, lambda model: transcribed(assembly, model, file, language))


async def first_to_hear(models: Sequence[str], hear: Callable[[str], Awaitable[Transcript]]) -> Transcript:
    """Return what the first of *models* hears; where one fails, what the next does. Raises what the last one raised."""
    for model, *others in (models[at:] for at in range(len(models))):
        try:
            return await hear(model)
        except AssistantError as error:
            if not others or isinstance(error, AudioError):
                raise
            click.echo(f"{error}; {others[0]} hears in its place", err=True)
    raise ConfigError("the assistant is only written to", hint="name a model (`assistants.NAME.stt`)")


async def transcribed(assembly: Assembly, model: str, file: Path, language: str) -> Transcript:
    """Return the transcript of a recording; raises AudioError for a file that is no sound."""
    options = SttOptions(language or None)
    heard: Transcript
    async with (
        aclosing(iterate_in_thread(lambda: read_speech(file))) as speech,
        assembly.lease(model) as stt,
        aclosing(stt.transcribe(speech, options)) as transcripts,
    ):
        async for heard in transcripts:
            if heard.final:
                return heard
    raise EngineError(f"model {model} ended without a final transcript")
