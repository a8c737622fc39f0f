"""`assistant ask`: a turn of text, or of a recorded question."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import click

from assistant.assembly import assemble
from assistant.chat import ChatMessage, ChatRequest, Priority
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json
from assistant.cli.transcribe import transcribed
from assistant.pipeline.answer import speak
from assistant.pipeline.clauses import clauses
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.text_turn import text_turn
from assistant.streams import once
from assistant.wav import write_wav

__all__ = ["ask"]


@click.command()
@click.argument("text", required=False, default="")
@click.option("--audio", type=click.Path(path_type=Path), help="WAV file with the question, or with more of it.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="WAV file for the spoken reply.")
@click.option("--language", default="", help="BCP-47 tag of the recorded question.")
@click.option("--assistant", default="", help="Which assistant answers; the first of the configuration by default.")
@json_option
@click.pass_obj
def ask(
    settings: Settings, text: str, audio: Path | None, output: Path | None, language: str, assistant: str, as_json: bool
) -> None:
    """Ask a question in TEXT or in a recording, and print the reply as it is written."""
    if not text and audio is None:
        raise click.UsageError("give a TEXT, or a recording by --audio")
    asyncio.run(_ask(settings, text, audio, output, language, assistant, as_json))


async def _ask(
    settings: Settings, text: str, audio: Path | None, output: Path | None, language: str, name: str, as_json: bool
) -> None:
    async with assemble(settings.load()) as assembly:
        turn = assembly.turn(name, priority=Priority.VOICE)
        if audio is not None:
            heard = await transcribed(assembly, turn.config.stt, audio, language)
            text = f"{text} {heard.text}".strip()
            if not as_json:
                click.echo(f"> {heard.text}")
        question = ChatRequest((ChatMessage.of("user", text),))
        await assembly.pool.open(turn.chat_model(question))  # which may take longer than a turn has patience
        said = ""
        async with aclosing(text_turn(turn, text)) as words:
            async for word in words:
                said += word
                if not as_json:
                    click.echo(word, nl=False)
        if not as_json:
            click.echo()
        if output is not None:
            await assembly.pool.open(turn.config.tts)
            language = "en" if turn.config.language == "auto" else turn.config.language
            async with aclosing(speak(clauses(once(said), language), language, Outbox.unheld(turn))) as pieces:
                write_wav(output, [piece.chunk async for piece in pieces])
        if as_json:
            show_json({"question": text, "reply": said, "turn": turn.id, "parts": turn.timeline.parts()})
