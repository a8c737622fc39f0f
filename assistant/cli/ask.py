"""`assistant ask`: a turn of text, or of a recorded question."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing, suppress
from pathlib import Path

import click

from assistant.assembly import assemble
from assistant.chat import ChatMessage, ChatRequest, Priority
from assistant.cli import Settings
from assistant.cli.at_home import at_home
from assistant.cli.output import json_option, show_json
from assistant.cli.transcribe import transcribed
from assistant.errors import EngineUnavailable, ImageError
from assistant.images import BYTES, read_image
from assistant.pipeline.answer import speak
from assistant.pipeline.clauses import clauses
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.ladder import understood
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.question import Question
from assistant.pipeline.sight import watchers, with_images
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.turn import Turn
from assistant.pipeline.voices import Voices
from assistant.skill import OWNER
from assistant.streams import once
from assistant.vision import Image
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
    as_json: bool,
) -> None:
    """Ask a question in TEXT or in a recording, and print the reply as it is written."""
    if not text and audio is None:
        raise click.UsageError("give a TEXT, or a recording by --audio")
    images = [_image(file) for file in pictures]
    asyncio.run(_ask(settings, text, audio, images, output, language, answers, assistant, as_json))


def _image(file: Path) -> Image:
    try:
        with file.open("rb") as stream:
            return read_image(stream.read(BYTES + 1))
    except OSError as error:
        raise ImageError(f"{file}: {error.strerror}", hint="check the path") from None
    except ImageError as error:
        raise type(error)(f"{file}: {error}", hint=error.hint) from None


async def _ask(
    settings: Settings,
    text: str,
    audio: Path | None,
    images: Sequence[Image],
    output: Path | None,
    language: str,
    answers: Sequence[str],
    name: str,
    as_json: bool,
) -> None:
    async with assemble(settings.load()) as assembly, at_home(assembly):
        turn = assembly.turn(name, priority=Priority.VOICE, person=OWNER)
        if audio is not None:
            expected = "" if turn.config.language == "auto" else turn.config.language
            heard = await transcribed(assembly, turn.config.stt, audio, language or expected)
            turn.heard = heard.language
            text = f"{text} {heard.text}".strip()
            if not as_json:
                click.echo(f"> {heard.text}")
        by = watchers(turn) if images else {}
        question = with_images(ChatRequest((ChatMessage.of("user", text),)), () if by else images)
        needed = set(by.values())
        if images or not await _is_understood(text, turn):
            needed.add(turn.chat_model(question))
        for model in needed:
            await assembly.pool.open(model)  # which may take longer than a turn has patience
        if by and not as_json:
            click.echo(f"> described by {', '.join(f'{model} ({task})' for task, model in by.items())}")
        said = await _answer(turn, text, turn.id, images, as_json)
        following, waiting = [], list(answers)
        typed = sys.stdin.isatty() and not as_json
        while assembly.equipment.conversations.asks(turn.id) and (waiting or typed):
            words = waiting.pop(0) if waiting else click.prompt("", prompt_suffix="> ")  # nothing else is going on
            further = assembly.turn(name, priority=Priority.VOICE, person=OWNER)
            reply = await _answer(further, words, turn.id, (), as_json)
            following.append({"question": words, "reply": reply, "turn": further.id})
        if output is not None:
            with suppress(EngineUnavailable):  # another voice may speak in its place
                await assembly.pool.open(Voices(assembly.pool, turn.config, turn.language).models[0])
            parts = clauses(once(said), turn.language)
            async with aclosing(speak(parts, turn.language, Outbox.unheld(turn))) as pieces:
                write_wav(output, [piece.chunk async for piece in pieces])
        if as_json:
            show_json(
                {
                    "question": text,
                    "reply": said,
                    "turn": turn.id,
                    "models": turn.models,
                    "parts": turn.timeline.parts(),
                    "following": following,
                }
            )


async def _is_understood(text: str, turn: Turn) -> bool:
    """Tell whether *text* is answered without a chat model, which then need not be loaded."""
    conversation = Conversation(turn.id)
    return await understood(Question(turn.request(conversation, text), turn.language, conversation), turn) is not None


async def _answer(turn: Turn, text: str, conversation: str, images: Sequence[Image], silent: bool) -> str:
    """Return the reply, which is printed as it is written unless *silent*."""
    said = ""
    async with aclosing(text_turn(turn, text, conversation, images)) as words:
        async for word in words:
            said += word
            if not silent:
                click.echo(word, nl=False)
    if not silent:
        click.echo()
    return said
