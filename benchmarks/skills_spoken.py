"""Every sentence to try of every skill, in four languages, from sound to sound: what is heard, done and answered.

Claim: what is said clearly is done; what is misheard is at most asked about, and nothing else is done instead.

    .venv/bin/python -m benchmarks.skills_spoken [LANGUAGE …] [--speaker espeak] [--write]

In a computed room and in virtual time, with the default engines and Whisper base. Piper asks in English. In the others
SVOX Pico does (`pip install py-nanotts`), a synthesiser with recorded sounds, or espeak-ng, of which Whisper base
understands little; both are machines, and a person is understood better. Right is what has the intent and the slots of
the sentence as it is written.
"""

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from assistant import SPEECH, AudioChunk, EventType, Recognition, TurnEvent
from assistant.chat import Priority
from assistant.engines import Intent
from assistant.entities import Area, Entity
from assistant.paths import models_folder
from assistant.pipeline.wake_phrase import plain
from assistant.skills.numerals import number
from assistant.skills.places import zone_of
from assistant.skills.when import length, when
from assistant.soundcard import Room
from assistant.testing import run_in_virtual_time, silence
from tests.docs.skills import LANGUAGES, skills
from tests.e2e.conftest import EVEN
from tests.e2e.house import House, house
from tests.e2e.test_languages import machine, person
from tests.e2e.test_recordings import data
from tests.home.house import House as Home

RESULTS = Path(__file__).with_name("results") / "skills_spoken.md"
PICO = {"de": "de-DE", "fr": "fr-FR", "es": "es-ES"}
NAMES = {
    "en": ("Office", "Living room", "Desk lamp", "Ceiling lamp", "Blinds", "Office window", "Thermometer"),
    "de": ("Büro", "Wohnzimmer", "Stehlampe", "Deckenlampe", "Rollos", "Fenster", "Thermometer"),
    "fr": ("bureau", "salon", "lampe", "plafonnier", "volets", "fenêtre", "thermomètre"),
    "es": ("oficina", "salón", "lámpara", "lámpara del techo", "persianas", "ventana", "termómetro"),
}
"""By language: two rooms, two lamps of the first, and what else is in them."""
HEAD = """# Every skill, spoken

Made by `python -m benchmarks.skills_spoken --write`: whole turns from sound to sound, heard by Whisper base. Piper asks
in English, SVOX Pico in German, French and Spanish; both are machines. Right is what has the intent and the slots of
the sentence as it is written. The rest was asked about ("did you mean …?"), left to the chat model, not heard at all,
or taken for something else: wrong.

"""
GAVE_UP = "(the chat model was asked)"
VERDICTS = ("right", "asked", "chat", "nothing", "wrong")

Speaker = Callable[[str, str], Awaitable[list[AudioChunk]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one sentence."""

    language: str
    sentence: str
    heard: str
    reply: str
    rung: str
    verdict: str
    """`right`, `asked` (whether it was meant), `chat` (left to the model), `nothing`, or `wrong`: another was done."""


def home(language: str) -> Home:
    """Return a house whose things are called as one would in *language*."""
    office, living, desk, ceiling, blinds, window, thermometer = NAMES[language]
    lamp = {"supported_color_modes": ["brightness"], "brightness": 255}
    warm = {"device_class": "temperature", "unit_of_measurement": "°C"}
    made = Home(
        Entity("light.desk", desk, area="office", state="on", attributes=lamp),
        Entity("light.ceiling", ceiling, area="office", state="on", attributes=lamp),
        Entity("cover.blinds", blinds, area="office", state="closed", attributes={"current_position": 0}),
        Entity("binary_sensor.window", window, area="office", state="on", attributes={"device_class": "window"}),
        Entity("sensor.warm", thermometer, area="living", state="21.5", attributes=warm),
    )
    made.areas = (Area("office", office), Area("living", living))
    return made


async def pico(text: str, language: str) -> list[AudioChunk]:
    """Let SVOX Pico say *text*."""
    from py_nanotts import NanoTTS

    return [AudioChunk(NanoTTS().speak(text, PICO[language]), SPEECH)]


async def piper(text: str, language: str) -> list[AudioChunk]:
    """Let Piper's English voice say *text*."""
    return await person(text)


def settings(language: str) -> dict[str, Any]:
    """Return what is set: the language, Whisper base also for English, and no second listening for an answer."""
    assistant = {"language": language, "draft": {"attempts": 0}, "endpoint": {"follow_up": 0}}
    return {
        "assistants": {"jarvis": assistant},
        "models": {"stt": {"engine": "faster-whisper", "model": "whisper-base"}},
    }


@asynccontextmanager
async def listening(folder: Path, language: str) -> AsyncGenerator[House, None]:
    """Listen in a house of that language."""
    (folder / "conf.d").mkdir()
    (folder / "conf.d" / "language.yaml").write_text(yaml.safe_dump(settings(language)))
    async with house(folder, Room(), [GAVE_UP] * 99) as made, made.assembly.home.attached(home(language)):
        yield made


async def answers(folder: Path, language: str, speaker: Speaker) -> list[Answer]:
    """Ask all sentences to try in one conversation, in the order of docs/skills.md."""
    sentences = [sentence for skill in skills().values() for sentence in skill.examples[language]]
    call, found = await person("Hey Jarvis!"), list[Answer]()
    async with listening(folder, language) as made:
        for sentence in sentences:
            before = len(made.events)
            made.say(call)
            await asyncio.sleep(2.2)
            made.say([*await speaker(sentence, language), silence(0.2)])
            await made.until(len(made.outcomes) + 1)
            await asyncio.sleep(1)
            found.append(await judged(made, made.events[before:], language, sentence))
            print(*row(found[-1]), sep=" | ", flush=True)
    return found


async def judged(made: House, events: list[TurnEvent], language: str, sentence: str) -> Answer:
    """Compare what came of a sentence with what it means as it is written."""
    heard, reply = (
        " ".join(data(events, kind, key))
        for kind, key in ((EventType.STT_END, "text"), (EventType.INTENT_END, "reply"))
    )
    turn = next(event.turn for event in reversed(events) if event.type is EventType.RUN_END)
    [receipt] = await made.assembly.state.receipts.find(turn)
    engine: Intent
    async with made.assembly.pool.lease("intent", Priority.API) as engine:
        await made.assembly.equipment.lessons.teach(engine)
        meant, understood = (engine.recognise(text, language, {"device": "room"}) for text in (sentence, heard))
    if not heard:
        verdict = "nothing"
    elif receipt.rung == "paraphrase":
        verdict = "asked"
    elif receipt.rung in ("chat", "none"):
        verdict = "chat"
    else:
        verdict = "right" if same(meant, understood, language) else "wrong"
    return Answer(language, sentence, heard, reply, receipt.rung, verdict)


def same(meant: Recognition | None, understood: Recognition | None, language: str) -> bool:
    """Tell whether two sentences ask for the same."""
    if meant is None or understood is None or meant.intent != understood.intent:
        return False
    slots = [{name: meaning(text, language) for name, text in one.slots.items()} for one in (meant, understood)]
    return slots[0] == slots[1]


def meaning(text: str, language: str) -> object:
    """Return the time, the length, the place or the number that *text* is, however it is written, or else its words."""
    now = datetime.now(UTC)
    read = (length(text, language), when(text, language, now), zone_of(text, language), number(text, language))
    words = [number(word, language) or word for word in plain(text).split()]
    return next((found for found in read if found is not None), words)


def row(answer: Answer) -> tuple[str, ...]:
    """Return a row of the table."""
    return (answer.sentence, answer.heard, " ".join(answer.reply.split()), answer.rung, answer.verdict)


def table(answers: list[Answer]) -> Iterator[str]:
    """Yield the lines of the table, and how many of each language were right."""
    for language in dict.fromkeys(answer.language for answer in answers):
        mine = [answer for answer in answers if answer.language == language]
        counts = Counter(answer.verdict for answer in mine)
        yield f"## {LANGUAGES[language]}: {counts['right']} of {len(mine)} right"
        yield ""
        yield ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
        yield ""
        yield "| sentence | heard | reply | rung | |"
        yield "|---|---|---|---|---|"
        yield from (f"| {' | '.join(row(answer))} |" for answer in mine)
        yield ""


def main() -> None:
    """Ask, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="*", default=list(LANGUAGES), metavar="LANGUAGE")
    parser.add_argument("--speaker", choices=("pico", "espeak"), default="pico", help="who asks, but in English")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    given = parser.parse_args()
    machines = {"pico": pico, "espeak": machine}
    found: list[Answer] = []
    models = models_folder()
    for language in given.languages:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "data").mkdir()
            (folder / "data" / "models").symlink_to(models)
            os.environ |= {**EVEN, "INGLENOOK_HOME": name}
            speaker = piper if language == "en" else machines[given.speaker]
            found += run_in_virtual_time(answers(folder, language, speaker))
    text = "\n".join(table(found))
    if given.write:
        RESULTS.write_text(HEAD + text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
