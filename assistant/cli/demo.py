"""`assistant demo`: the main job, end to end, on a sound card made of nothing."""

import asyncio
import random
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import click

from assistant.assembly import assemble
from assistant.audio import AudioChunk
from assistant.cli import Settings
from assistant.cli.output import json_option, show_json, show_receipt
from assistant.cli.say import said
from assistant.config import Loaded
from assistant.demo import QUESTIONS, DaemonProcess, Seen, daemon_process, sound_settings, spoken_question
from assistant.errors import ConfigError, EngineTimeout
from assistant.paths import cache_folder
from assistant.pipeline.language import primary
from assistant.pipeline.voices import Voices
from assistant.soundcard import sound_card
from assistant.wav import read_speech, write_wav

__all__ = ["demo"]

_PATIENCE = 90.0
"""Seconds that the turn may take, from the first sample of the question to the last of the reply."""


Say = Callable[..., None]
"""Prints, as `click.echo` does."""
Speak = Callable[[], Coroutine[Any, Any, None]]
"""Speaks the question into the daemon's microphone, in real time."""


@click.command()
@click.option("--say", "question", default="", help="What to ask; drawn from a list by default.")
@click.option("--wav", type=click.Path(path_type=Path), help="Recording of a wake word and a question instead.")
@click.option(
    "--source",
    type=click.Choice(["pyaudio", "wav"]),
    default="pyaudio",
    show_default=True,
    help="Talk through PyAudio and a virtual sound card, or from a file.",
)
@json_option
@click.pass_obj
def demo(settings: Settings, question: str, wav: Path | None, source: str, as_json: bool) -> None:
    """Speak a wake word and a question to a fresh daemon, and show what it hears, answers, and how long that takes."""
    if question and wav is not None:
        raise click.UsageError("give --say or --wav, not both")
    asyncio.run(_demo(settings, question, wav, source, as_json))


async def _demo(settings: Settings, question: str, wav: Path | None, source: str, as_json: bool) -> None:
    say = _silent if as_json else click.echo
    loaded = settings.load()
    if not loaded.config.devices:
        raise ConfigError("devices: there is none to demonstrate", hint="add one, or use config/demo.yaml")
    reply_wav = cache_folder() / "demo" / "reply.wav"
    reply_wav.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="inglenook-demo-") as folder:
        question_wav = Path(folder) / "question.wav"
        if wav is None:
            language = primary(next(iter(loaded.config.assistants.values())).language)
            asked = QUESTIONS.get(language, QUESTIONS["en"])
            question = question or random.choice(asked)  # noqa: S311 - nothing is secret about it
            word, sound = await _spoken(loaded, question)
            say(f'asking    "{word}", "{question}"')
        else:
            sound = list(read_speech(wav))
            say(f"asking    {wav}")
        stage = _through_pyaudio if source == "pyaudio" else _through_files
        async with stage(settings, loaded, question_wav, sound, reply_wav, say) as (daemon, speak):
            seen = await _follow(daemon, speak, say)
    if seen.failure:
        raise seen.failure
    if as_json:
        show_json(
            {
                "source": source,
                "device": seen.device,
                "wake": seen.wake,
                "transcript": seen.transcript,
                "reply": seen.reply,
                "reply_wav": str(reply_wav),
                "receipt": {key: seen.end[key] for key in ("outcome", "models", "parts")},
                "voice_to_voice_s": round(seen.end["voice_to_voice"], 3),
            }
        )
        return
    say(f"recorded  {reply_wav}")
    say("receipt   from the last voiced sample to the first sound of the reply:")
    show_receipt(seen.end["parts"], seen.end["voice_to_voice"])


def _silent(text: str = "", nl: bool = True) -> None:
    """Print nothing: the JSON document says it all."""


async def _spoken(loaded: Loaded, question: str) -> tuple[str, list[AudioChunk]]:
    """Return the wake phrase, and it and the question as the first assistant's own voice says them."""
    name, assistant = next(iter(loaded.config.assistants.items()))
    if not assistant.wake:
        raise ConfigError(f"assistants.{name}.wake: there is no wake word", hint="name one, e.g. [hey_jarvis]")
    phrase = assistant.wake[0].replace("_", " ").title()
    async with assemble(loaded) as assembly:
        turn, parts = assembly.turn(), []
        for language, text in (("en", f"{phrase}!"), (turn.language, question)):  # wake words are English
            voices = Voices(assembly.pool, turn.config, language)
            model = voices.models[0]
            async with aclosing(said(assembly, text, model, voices.voice(model))) as speech:
                parts.append([chunk async for chunk in speech])
    return phrase, await spoken_question(*parts)


@asynccontextmanager
async def _through_pyaudio(
    settings: Settings, loaded: Loaded, question_wav: Path, sound: list[AudioChunk], reply_wav: Path, say: Say
) -> AsyncGenerator[tuple[DaemonProcess, Speak], None]:
    async with AsyncExitStack() as stack:
        card = await stack.enter_async_context(sound_card())
        source = {"engine": "pyaudio-source", "device": "microphone"}
        sink = {"engine": "pyaudio-sink", "device": "speaker"}
        environment = {**card.environment, **sound_settings(loaded.config, source, sink)}
        say(f"device    PyAudio, on a {card.server} null sink that was started for this")
        daemon = await stack.enter_async_context(daemon_process(loaded.config, settings.config, environment))
        await stack.enter_async_context(card.record(reply_wav))
        yield daemon, lambda: card.speak(sound)


@asynccontextmanager
async def _through_files(
    settings: Settings, loaded: Loaded, question_wav: Path, sound: list[AudioChunk], reply_wav: Path, say: Say
) -> AsyncGenerator[tuple[DaemonProcess, Speak], None]:
    source = {"engine": "wav-source", "file": str(question_wav), "wait": "true", "realtime": "true"}
    sink = {"engine": "wav-sink", "file": str(reply_wav), "realtime": "true"}
    say(f"device    {question_wav}")
    environment = sound_settings(loaded.config, source, sink)

    async def speak() -> None:
        """Put the whole file where the daemon waits for it; from then on it speaks for itself."""
        written = question_wav.with_suffix(".part")
        write_wav(written, sound)
        written.replace(question_wav)

    async with daemon_process(loaded.config, settings.config, environment) as daemon:
        yield daemon, speak


async def _follow(daemon: DaemonProcess, speak: Speak, say: Say) -> Seen:
    """Talk to the daemon and show the turn as it happens, to its end."""
    seen = Seen()
    async with aiohttp.ClientSession() as session:
        say("opening   engines …")
        try:
            async with aclosing(daemon.events(session)) as events, asyncio.TaskGroup() as tasks:
                async with asyncio.timeout(None) as limit:
                    async for event in events:
                        if event["type"] == "open":
                            await daemon.ready(session)
                            tasks.create_task(speak())
                            limit.reschedule(asyncio.get_running_loop().time() + _PATIENCE)
                            continue
                        seen.see(event)
                        _show(event, say)
                        if event["type"] == "run-end":
                            break
        except* TimeoutError:
            raise EngineTimeout(f"no turn came to its end in {_PATIENCE:g} s", hint="try: assistant check") from None
    return seen


def _show(event: dict[str, Any], say: Say) -> None:
    data = event["data"]
    match event["type"]:
        case "wake_word-end":
            say(f"wake      {data['name']} ({data['score']:.2f}) at {event['device']}")
        case "stt-end":
            say(f"heard     {data['text']}")
        case "intent-start":
            say("reply     ", nl=False)
        case "intent-progress":
            say(data["delta"], nl=False)
        case "intent-end":
            say()
        case "error":
            say(f"error     {data['message']}")
