"""The command: what it takes, what it shows, and whom it asks."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import click

from assistant.audio import AudioChunk
from assistant.cli import Settings
from assistant.cli.ask.beside import Beside
from assistant.cli.ask.way import Question, Told, Way
from assistant.cli.daemon import running_daemon
from assistant.cli.output import json_option, show_json
from assistant.errors import AudioError, ImageError, ServiceError
from assistant.images import BYTES, read_image
from assistant.vision import Image, VisionTask
from assistant.wav import write_wav

__all__ = ["ask"]


@click.command()
@click.argument("text", required=False, default="")
@click.option("--audio", type=click.Path(path_type=Path), help="WAV file with the question, or with more of it.")
@click.option(
    "--image",
    "pictures",
    type=click.Path(path_type=Path),
    multiple=True,
    help="JPEG, PNG or WebP file that the question is about; may be given again.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="WAV file for the spoken reply.")
@click.option("--language", default="", help="BCP-47 tag of the recorded question.")
@click.option(
    "--answer", "answers", multiple=True, help="What is said to what is asked back; a terminal asks for it otherwise."
)
@click.option("--assistant", default="", help="Which assistant answers; the first of the configuration by default.")
@click.option("--conversation", default="", help="Go on with what the daemon was told under this name.")
@json_option
@click.pass_obj
def ask(
    settings: Settings,
    text: str,
    audio: Path | None,
    pictures: tuple[Path, ...],
    output: Path | None,
    language: str,
    answers: tuple[str, ...],
    assistant: str,
    conversation: str,
    as_json: bool,
) -> None:
    """Ask a question in TEXT or in a recording, and print the reply as it is written.

    A running daemon answers, with its own engines, and remembers what was said before at the same terminal. Where none
    runs, engines are opened for this one question.
    """
    if not text and audio is None:
        raise click.UsageError("give a TEXT, or a recording by --audio")
    question = Question(text, images=tuple(_image(file) for file in pictures), sounding=output is not None)

    async def run() -> None:
        async with _way(settings, assistant, conversation) as way:
            await _ask(way, question, audio, language, answers, output, as_json)

    asyncio.run(run())


def _image(file: Path) -> Image:
    try:
        with file.open("rb") as stream:
            return read_image(stream.read(BYTES + 1))
    except OSError as error:
        raise ImageError(f"{file}: {error.strerror}", hint="check the path") from None
    except ImageError as error:
        raise type(error)(f"{file}: {error}", hint=error.hint) from None


@asynccontextmanager
async def _way(settings: Settings, assistant: str, conversation: str) -> AsyncGenerator[Way, None]:
    """Have who answers: the daemon that runs, or else engines of this process."""
    async with running_daemon(settings) as daemon:
        if daemon is not None:
            assistants = settings.load().config.assistants
            yield Beside(daemon, assistants, assistant, conversation or _terminal())
            return
    if conversation:
        raise ServiceError(
            "no daemon answers here, and nobody else remembers a conversation",
            hint="start it with `assistant run`, or leave out --conversation",
        )
    from assistant.assembly import assemble  # half of the time to an answer of the daemon, which needs none of it
    from assistant.cli.ask.here import Here
    from assistant.cli.at_home import at_home

    async with assemble(settings.load()) as assembly, at_home(assembly):
        yield Here(assembly, assistant)


def _terminal() -> str:
    """Return a name for this terminal; empty for a program that has none, each of whose questions stands alone."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return ""
    return f"terminal {os.getsid(0)}"


async def _ask(
    way: Way,
    question: Question,
    recording: Path | None,
    language: str,
    answers: Sequence[str],
    output: Path | None,
    as_json: bool,
) -> None:
    if recording is not None:
        heard = await way.heard(recording, language)
        question = replace(question, text=f"{question.text} {heard.text}".strip(), language=heard.language)
        if not question.text:
            raise AudioError(f"nothing is said in {recording}", hint="`assistant transcribe` shows what is heard")
        if not as_json:
            click.echo(f"> {heard.text}")
    reply, told, sound = await _answered(way, question, silent=as_json)
    following, waiting, asks = [], list(answers), told.asks
    typed = sys.stdin.isatty() and not as_json
    while asks and (waiting or typed):
        words = waiting.pop(0) if waiting else click.prompt("", prompt_suffix="> ")  # nothing else is going on
        further, how, _ = await _answered(way, Question(words, question.language), silent=as_json)
        following.append({"question": words, "reply": further, "turn": how.turn})
        asks = how.asks
    if output is not None:
        write_wav(output, sound)
    if as_json:
        show_json(
            {
                "question": question.text,
                "reply": reply,
                "turn": told.turn,
                "models": told.models,
                "parts": told.parts,
                "following": following,
            }
        )


async def _answered(way: Way, question: Question, *, silent: bool) -> tuple[str, Told, list[AudioChunk]]:
    """Return the reply, how it came about, and its sound; it is printed as it is written unless *silent*."""
    words, sound, told = "", list[AudioChunk](), Told("", {}, {}, asks=False)
    try:
        async with aclosing(way.answer(question)) as pieces:
            async for piece in pieces:
                match piece:
                    case str():
                        words += piece
                        if not silent:
                            click.echo(piece, nl=False)
                    case AudioChunk():
                        sound.append(piece)
                    case Told():
                        told = piece
    finally:
        if words and not silent:
            click.echo()  # what failed on the way is told on a line of its own
    if not silent and (looked := [f"{told.models[task]} ({task})" for task in VisionTask if task in told.models]):
        click.echo(f"> described by {', '.join(looked)}")
    return words, told, sound
