"""`assistant say`: text as speech, on the speaker or in a file."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import click

from assistant.assembly import Assembly, assemble
from assistant.audio import AudioChunk
from assistant.cli import Settings
from assistant.cli.daemon import SPOKEN_AT_ONCE, running_daemon
from assistant.engines import Kind
from assistant.errors import ConfigError
from assistant.pipeline.clauses import clauses
from assistant.pipeline.voices import Voices
from assistant.speech import Voice
from assistant.streams import once
from assistant.wav import write_wav

__all__ = ["said", "say"]


@click.command()
@click.argument("text")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="WAV file to write instead of speaking aloud.")
@click.option("--voice", default="", help="Voice of the model.")
@click.option("--language", default="", help="BCP-47 tag of the text; the first assistant's by default.")
@click.option("--speed", default=1.0, show_default=True, type=click.FloatRange(0.25, 4), help="2 is twice as fast.")
@click.option("--model", default="", help="Model id; by default the first assistant's that knows the language.")
@click.pass_obj
def say(
    settings: Settings, text: str, output: Path | None, voice: str, language: str, speed: float, model: str
) -> None:
    """Speak TEXT."""
    asyncio.run(_say(settings, text, output, Voice(voice, language, speed=speed), model))


async def _say(settings: Settings, text: str, output: Path | None, voice: Voice, model: str) -> None:
    async with assemble(settings.load()) as assembly:
        first = assembly.turn()
        if not model:
            if not voice.name:
                voice = replace(voice, language=voice.language or first.language)
            model = next(iter(Voices(assembly.pool, first.config, voice.language).models), "")
        model = assembly.model(model, Kind.TTS)
        async with (
            running_daemon(settings) as daemon,
            aclosing(
                daemon.speech(text, model, voice)
                if daemon is not None and len(text) <= SPOKEN_AT_ONCE
                else said(assembly, text, model, voice)
            ) as speech,
        ):
            if output is not None:
                write_wav(output, [chunk async for chunk in speech])
                return
            device = next(iter(assembly.config.devices.values()), None)
            if device is None:
                raise ConfigError("devices: there is none, so there is no speaker", hint="write a file with -o FILE")
            async with assembly.lease(device.sink) as sink, aclosing(sink.play(speech)) as progress:
                async for _ in progress:
                    pass


async def said(assembly: Assembly, text: str, model: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
    """Yield *text* as speech, clause by clause, in the language of the voice."""
    voices = assembly.pool.model(model).capabilities.voices
    spoken = [known.language for known in voices if voice.name in ("", known.name)]
    language = voice.language or next(iter(spoken), "")  # numbers are read in it
    async with (
        assembly.lease(model) as tts,
        aclosing(clauses(once(text), language)) as parts,
        aclosing(tts.speak((clause.spoken async for clause in parts), voice)) as speech,
    ):
        async for chunk in speech:
            yield chunk
