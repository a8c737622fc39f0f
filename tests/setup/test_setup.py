"""`assistant setup` as a person and as a script use it, on a real sound card made of nothing, with real engines."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from assistant import AudioChunk
from assistant.pipeline.wake_phrase import plain
from assistant.soundcard import Port, SoundCard
from assistant.testing import silence
from tests.e2e.conftest import EVEN
from tests.e2e.test_recordings import spoken
from tests.setup.terminal import Terminal, terminal

pytestmark = pytest.mark.once

COMMAND = [sys.executable, "-m", "assistant"]
LIKELY = {"INGLENOOK__MODELS__CHAT__TEMPERATURE": "0"}

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed: apt-get install tmux")


async def run(card: SoundCard, *arguments: str) -> tuple[int, str]:
    """Run a command without a terminal; return its exit status and what it printed."""
    pipe, out = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    environment = {**os.environ, **card.environment}
    none = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stdin=none, stdout=pipe, stderr=out, env=environment
    )
    async with asyncio.timeout(120):
        printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def talking(card: SoundCard, words: list[AudioChunk]) -> None:
    """Say something again and again."""
    while True:
        await card.speak(words)


def numbered(screen: str, label: str) -> str:
    """Return the number under which something is offered."""
    found = re.search(rf"^ *(\d+)  {label}$", screen, re.MULTILINE)
    assert found, screen
    return found[1]


@needs_tmux
async def test_a_person_is_led_to_the_first_answer(card: SoundCard, real_home: Path) -> None:
    name = [*await spoken("Hey Jarvis!"), silence(0.5)]
    question = [silence(0.3), *await spoken("What is the capital of Italy?"), silence(0.5)]
    environment = {"INGLENOOK_HOME": str(real_home), "LANG": "C.UTF-8", **card.environment, **EVEN, **LIKELY}
    with terminal([*COMMAND, "setup", "--no-service", "--no-servers"], environment) as person:
        await person.shows("Language [1]:")
        person.type()
        person.type(numbered(await person.shows("It answers to [1]:"), "hey jarvis"))
        await person.shows("Device [1]:")
        person.type()
        await _speak(card, question, person)
        await person.shows("Device [1]:", 2)
        person.type()
        await person.shows("Did you hear two notes? [Y/n]:")
        person.type("y")
        await person.shows("What counts most [1]:")
        person.type()
        await person.shows("Press Enter when you are ready.")
        person.type()
        for time in range(1, 4):
            await person.shows(f"{time} of 3: say")
            await card.speak(name)
        await person.shows("It hears you well.")
        await person.shows("Home Assistant on the local network? [Y/n]:")
        person.type("n")
        await person.shows("Ready? [Y/n]:")
        person.type()
        await person.shows("speak now")
        await card.speak(question)
        screen = await person.shows("EXIT 0")
    assert "capital of italy" in plain(screen)
    assert len(re.findall(r"score (0\.[5-9]\d|1\.00): heard", screen)) == 3
    assert max(map(len, screen.splitlines())) <= 80
    config = yaml.safe_load((real_home / "config" / "assistant.yaml").read_text())
    assert config["assistants"]["jarvis"] == {"language": "en", "wake": ["hey_jarvis"]}
    assert config["models"]["wake"] == {"words": {"hey_jarvis": {}}}
    await _is_green(card, question)


async def _speak(card: SoundCard, words: list[AudioChunk], person: Terminal) -> None:
    """Talk while the level is shown."""
    await person.shows("Press Enter, then say something")
    talk = asyncio.create_task(talking(card, words))
    try:
        person.type()
        await person.shows("Speaker\n")
    finally:
        talk.cancel()
        await asyncio.wait({talk})


async def _is_green(card: SoundCard, words: list[AudioChunk]) -> None:
    talk = asyncio.create_task(talking(card, words))
    try:
        status, printed = await run(card, "check")
    finally:
        talk.cancel()
        await asyncio.wait({talk})
    assert status == 0, printed
    assert "warning" not in printed
    assert "everything can be opened" in printed


FLAGS = ["--language", "en", "--speaker", "speaker", "--wake", "alexa", "--goal", "quick", "--no-service"]
FLAGS += ["--no-servers"]  # others may run some on this machine


async def test_flags_say_it_all_and_what_a_person_had_stays(card: SoundCard, real_home: Path) -> None:
    await card.plug(Port("usb", "microphone"))
    file = real_home / "config" / "assistant.yaml"
    file.parent.mkdir()
    mine = (
        "# Mine.\nassistants: {jarvis: {prompt: Be brief.}, emma: {wake: [hey_mycroft]}}\n"
        "models: {wake: {words: {hey_mycroft: {threshold: 0.7}}}, chat: {temperature: 0}}\n"
    )
    file.write_text(mine)
    status, printed = await run(card, "setup", *FLAGS, "--microphone", "usb")
    assert status == 0, printed
    assert "assistant.yaml.1.bak" in printed
    assert (file.parent / "assistant.yaml.1.bak").read_text() == mine
    assert yaml.safe_load(file.read_text()) == {
        "assistants": {
            "jarvis": {"prompt": "Be brief.", "language": "en", "wake": ["alexa"]},
            "emma": {"wake": ["hey_mycroft"]},
        },
        "models": {
            "wake": {"words": {"hey_mycroft": {"threshold": 0.7}, "alexa": {}}},
            "chat": {"temperature": 0},
            "microphone": {"device": "usb"},
            "speaker": {"device": "speaker"},
            "stt": {"model": "whisper-tiny.en"},
        },
    }
    file.write_text(file.read_text().replace("whisper-tiny.en", "whisper-base"))  # the person likes it better
    before = file.read_bytes()
    status, printed = await run(card, "setup", "--yes")
    assert status == 0, printed
    assert "says all of this already" in printed
    assert file.read_bytes() == before


async def test_another_language_gets_ears_and_a_voice(card: SoundCard, real_home: Path) -> None:
    status, printed = await run(card, "setup", *FLAGS, "--language", "de", "--microphone", "microphone")
    assert status == 0, printed
    told = " ".join(printed.split())
    assert "The voice piper-en_US-joe-medium does not know Deutsch, so espeak speaks" in told
    assert "The chat model smollm2-135m does not know Deutsch" in told
    written = yaml.safe_load((real_home / "config" / "assistant.yaml").read_text())
    assert written["assistants"]["jarvis"]["language"] == "de"
    assert written["models"]["stt"] == {"model": "whisper-base"}


@pytest.mark.parametrize(
    ("flags", "status", "said"),
    [
        (["--microphone", "usb"], 69, "there is no microphone 'usb'"),
        (["--microphone", "default", "--language", "e n"], 2, "is no language"),
        (["--microphone", "default", "--wake", "hey_nobody"], 2, "'hey_nobody' is no wake word"),
        ([], 2, "there is no terminal to ask in: give --microphone, or --yes"),
    ],
)
async def test_an_answer_that_cannot_be_is_an_error_and_writes_nothing(
    card: SoundCard, real_home: Path, flags: list[str], status: int, said: str
) -> None:
    found, printed = await run(card, "setup", *FLAGS, *flags)
    assert found == status, printed
    assert said in printed
    assert not (real_home / "config").exists()


async def test_a_file_in_conf_d_that_says_otherwise_is_named(card: SoundCard, real_home: Path) -> None:
    folder = real_home / "config" / "conf.d"
    folder.mkdir(parents=True)
    (folder / "room.yaml").write_text("models:\n  speaker:\n    device: default\n")
    status, printed = await run(card, "setup", *FLAGS, "--microphone", "default")
    assert status == 0, printed
    assert "models.speaker.device is set to something else by" in printed
    assert "room.yaml:3" in printed.replace("\n", "")


async def test_check_listens_to_nothing_that_is_muted_and_plays_nothing_where_it_is_told_so(
    card: SoundCard, real_home: Path
) -> None:
    assert (await run(card, "mute"))[0] == 0
    status, printed = await run(card, "check", "--silent", "--json")
    assert status == 0, printed
    assert "room is muted, so nothing was listened to: assistant unmute" in printed
    assert "Null Output" not in printed
