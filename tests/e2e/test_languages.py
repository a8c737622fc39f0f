"""Whole turns in four languages: heard, understood, answered and spoken, and the answer understood again.

Piper's voice calls, for wake words are English; espeak-ng asks in the other languages, in the sound of it that Whisper
base understands best. Its ear for machines decides which questions can be asked here, not what people can say.
"""

import asyncio
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path

import msgspec
import numpy as np
import pytest
import yaml
from assistant_espeak import EspeakConfig, open_espeak
from assistant_faster_whisper import FasterWhisperConfig, open_faster_whisper
from assistant_piper import PiperConfig, open_piper

from assistant import SPEECH, AudioChunk, EventType, SttOptions, Voice, once
from assistant.convert import converted
from assistant.pipeline.ladder.words import is_no, is_yes
from assistant.pipeline.language import is_stop
from assistant.pipeline.wake_phrase import plain
from assistant.soundcard import Room
from assistant.testing import model_path, run_in_virtual_time, silence
from tests.e2e.house import RATE, House, house
from tests.e2e.test_recordings import data

pytestmark = pytest.mark.once


CLEARLY = {"variant": "klatt4", "speed": 0.85}
"""The sound of espeak-ng that Whisper base understands best."""


def configure(folder: Path, language: str) -> None:
    """Let the first assistant speak a language, or any: `auto`."""
    (folder / "conf.d").mkdir()
    settings = {
        "assistants": {"jarvis": {"language": language, "draft": {"attempts": 0}}},  # the chat model's script is short
        "models": {"espeak": {"engine": "espeak", **CLEARLY}},
    }
    (folder / "conf.d" / "language.yaml").write_text(yaml.safe_dump(settings))


async def machine(text: str, language: str) -> list[AudioChunk]:
    """Let espeak-ng say *text*."""
    async with open_espeak(msgspec.convert(CLEARLY, EspeakConfig)) as espeak:
        speech = espeak.speak(once(text), Voice(language=language))
        return [chunk async for chunk in converted(speech, SPEECH)]


async def person(text: str) -> list[AudioChunk]:
    """Let Piper's English voice say *text*, the same each time."""
    config = PiperConfig(model=model_path("piper-en_US-joe-medium"), noise=0, rhythm_noise=0)
    async with open_piper(config) as piper:
        return [chunk async for chunk in converted(piper.speak(once(text), Voice()), SPEECH)]


async def answered(made: House, question: list[AudioChunk], turns: int) -> AudioChunk:
    """Call the assistant and ask; return the answer as it was heard in the room."""
    made.say(await person("Hey Jarvis!"))
    await asyncio.sleep(2.2)
    made.say([*question, silence(0.2)])
    begin = asyncio.get_running_loop().time()
    await made.until(turns)
    end = asyncio.get_running_loop().time()
    sound = made.speaker.air.part(round(begin * RATE), round(end * RATE))
    louder = sound * (16_000 / np.abs(sound).max())
    return AudioChunk(louder.astype("<i2").tobytes(), SPEECH)


async def understood(sound: AudioChunk, language: str) -> str:
    """Return what Whisper base makes of an answer."""
    async with open_faster_whisper(FasterWhisperConfig(model=model_path("whisper-base"), device="cpu")) as ears:
        return [t async for t in ears.transcribe(once(sound), SttOptions(language))][-1].text


def alike(said: str, heard: str) -> float:
    return SequenceMatcher(None, plain(said), plain(heard)).ratio()


@pytest.mark.parametrize(
    ("language", "question", "intent"),
    [
        ("de", "Mach lauter.", "HassSetVolumeRelative"),
        ("es", "Pon el volumen al cincuenta por ciento.", "HassSetVolume"),
        ("fr", "Baisse le volume.", "HassSetVolumeRelative"),
    ],
)
def test_a_turn_in_another_language(real_home: Path, language: str, question: str, intent: str) -> None:
    configure(real_home, language)

    async def main() -> tuple[House, AudioChunk]:
        async with house(real_home, Room(), []) as made:
            return made, await answered(made, await machine(question, language), 1)

    made, sound = run_in_virtual_time(main())
    assert plain(made.texts[0]).replace("cincuenta", "50") == plain(question).replace("cincuenta", "50")
    [end] = [event.data for event in made.events if event.type is EventType.RUN_END]
    assert (end["outcome"], end["models"]["intent"], end["models"]["tts"]) == ("answered", intent, "espeak")
    assert sound.duration > 1
    if language != "fr":  # of which Whisper base understands a machine hardly a word
        [reply] = data(made.events, EventType.INTENT_END, "reply")
        heard = run_in_virtual_time(understood(sound, language))
        assert alike(reply, heard) > 0.5, f"{reply!r} was heard as {heard!r}"


def test_two_languages_in_one_conversation(real_home: Path) -> None:
    configure(real_home, "auto")
    question, remark = "What is the capital of Italy?", "Entschuldigung, das hat nicht geklappt."
    replies = ["The capital of Italy is Rome.", "Das macht nichts, wir versuchen es noch einmal."]

    async def main() -> tuple[House, AudioChunk]:
        async with house(real_home, Room(), replies) as made:
            await answered(made, await person(question), 1)
            return made, await answered(made, await machine(remark, "de"), 2)

    made, sound = run_in_virtual_time(main())
    assert data(made.events, EventType.STT_END, "language") == ["en", "de"]
    ends = [event.data["models"] for event in made.events if event.type is EventType.RUN_END]
    assert [(models["chat"], models["tts"]) for models in ends] == [("chat", "tts"), ("chat", "espeak")]
    heard = run_in_virtual_time(understood(sound, "de"))
    assert alike(replies[1], heard) > 0.5, f"{replies[1]!r} was heard as {heard!r}"


@pytest.mark.parametrize(
    ("language", "said", "means"),
    [
        ("de", "Stopp!", is_stop),
        ("de", "Ja, bitte.", is_yes),
        ("de", "Nein.", is_no),
        ("es", "Para.", is_stop),
        ("es", "Sí, por favor.", is_yes),
        ("es", "No, gracias.", is_no),
        ("fr", "Stop !", is_stop),
    ],
)
async def test_a_word_is_enough(language: str, said: str, means: Callable[[str, str], bool]) -> None:
    sound = await machine(said, language)
    still = AudioChunk(bytes(SPEECH.size(0.5)), SPEECH)
    heard = await understood(AudioChunk(b"".join(c.audio for c in (still, *sound, still)), SPEECH), language)
    assert means(heard, language), f"{said!r} was heard as {heard!r}"
