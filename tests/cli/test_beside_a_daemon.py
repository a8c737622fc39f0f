"""`assistant ask`, `transcribe` and `say` beside a running daemon: it answers, and nothing is opened twice."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.testing import tone
from assistant.wav import read_wav, write_wav
from tests.pictures import png
from tests.running import CONFIG, PATIENCE, Daemon, Home, settled

pytestmark = pytest.mark.once

ENGINES = """
import asyncio, os
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from assistant import Capabilities, EngineError, Kind, TextDelta, Voice, hookimpl
from assistant.testing import FakeChat, FakeStt, FakeTts, fake_spec

class Chat(FakeChat):
    async def reply(self, request):
        *before, last = request.messages
        said = last.text
        if "fail" in said:
            raise EngineError("model chat: it is out of words", hint="give it some")
        yield TextDelta("a picture " if len(last.parts) > 1 else f"{len(before)} said before")
        if "wait" in said:
            await asyncio.Event().wait()

class Stt(FakeStt):
    async def transcribe(self, sound, options):
        self.script = ["What is a cow?"]
        async for transcript in super().transcribe(sound, options):
            yield transcript

def counted(spec):
    @asynccontextmanager
    async def opened(config):
        with Path("FILE").open("a") as file:
            file.write(f"{os.getpid()}\\n")
        async with spec.open(config) as engine:
            yield engine
    return replace(spec, open=opened)

@hookimpl
def assistant_engines():
    able = Capabilities(languages=("en",), voices=(Voice("joe", "en-US"),))
    return [
        counted(fake_spec("counted-chat", Kind.CHAT, Chat(), Capabilities(inputs=frozenset({"text", "image"})))),
        counted(fake_spec("counted-stt", Kind.STT, Stt(), able)),
        counted(fake_spec("counted-tts", Kind.TTS, FakeTts(), able)),
    ]
"""
"""Engines that tell which process opened them; the chat model says how much it knows of."""
COUNTED = (
    CONFIG.replace("fake-chat", "counted-chat")
    .replace("fake-stt", "counted-stt")
    .replace("fake-tts", "counted-tts")
    .replace("fake-intent", "hassil")
)


def prepared(folder: Path, config: str = COUNTED) -> Home:
    """Return a home with these engines."""
    home = Home(folder)
    home.write(config, counted=ENGINES.replace("FILE", str(folder / "opened")))
    return home


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with prepared(tmp_path_factory.mktemp("daemon")).daemon() as daemon:
        daemon.ready()
        yield daemon


@pytest.fixture
def recording(tmp_path: Path) -> str:
    write_wav(tmp_path / "question.wav", [tone(1.0)])
    return str(tmp_path / "question.wav")


def opened(house: Home) -> list[str]:
    """Return the processes that opened an engine, in order."""
    file = house.folder / "opened"
    return file.read_text().split() if file.exists() else []


def test_what_was_said_before_is_known_and_is_taken_back(daemon: Daemon) -> None:
    def said(text: str) -> str:
        done = daemon.home.run("ask", text, "--conversation", "kitchen")
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    assert said("Set a timer for ten minutes") == "Timer set for 10 minutes."
    assert "“Set a timer for ten minutes”" in said("Why did you say that?")
    assert [timer["seconds"] for timer in daemon.ask("/api/timers")[1]["timers"]] == [600.0]
    assert said("Undo that") == "The timer is cancelled."
    assert daemon.ask("/api/timers")[1]["timers"] == []
    assert said("What is a cow?") == "7 said before"
    assert daemon.home.run("ask", "What is a cow?").stdout == "1 said before\n", "without a terminal each stands alone"
    assert set(opened(daemon.home)) == {str(daemon.process.pid)}


def test_what_is_said_at_one_terminal_is_one_conversation(daemon: Daemon) -> None:
    ask = f"'{sys.executable}' -m assistant ask 'What is a cow?'"
    master, slave = pty.openpty()
    shell = [sys.executable, "-c", "import os, sys; os.login_tty(0); os.execvp('sh', ['sh', '-c', sys.argv[1]])"]
    asking = subprocess.Popen(
        [*shell, f"{ask}; {ask}"], env=daemon.home.environment, stdin=slave, stdout=slave, stderr=slave
    )
    assert asking.wait(PATIENCE) == 0
    os.close(slave)
    shown = os.read(master, 4096).decode().splitlines()
    os.close(master)
    assert shown == ["1 said before", "3 said before"]


def test_a_recording_a_picture_and_a_voice_go_to_the_daemon(daemon: Daemon, recording: str, tmp_path: Path) -> None:
    house = daemon.home
    picture, spoken = tmp_path / "picture.png", tmp_path / "reply.wav"
    picture.write_bytes(png(20, 10))
    answer = house.json("ask", "Well:", "--audio", recording, "--image", str(picture), "-o", str(spoken))
    assert (answer["question"], answer["reply"]) == ("Well: What is a cow?", "a picture ")
    assert answer["models"] == {"chat": "chat", "tts": "tts"} and read_wav(spoken).duration > 0.05
    assert house.json("receipts")[0]["turn"] == answer["turn"]
    assert house.run("transcribe", recording).stdout == "What is a cow?\n"
    assert house.run("say", "One two three.", "-o", str(spoken)).returncode == 0
    assert read_wav(spoken).duration == pytest.approx(0.3, abs=0.05)
    assert set(opened(daemon.home)) == {str(daemon.process.pid)}


def test_what_fails_there_is_told_as_if_it_failed_here(daemon: Daemon, tmp_path: Path) -> None:
    wrong = [["ask", "fail"], ["ask", "--audio", "nowhere.wav"], ["say", "Hi.", "--voice", "jane", "-o", "x.wav"]]
    there = [daemon.home.run(*command) for command in wrong]
    here = [prepared(tmp_path).run(*command) for command in wrong[:2]]
    nobody = daemon.home.run("ask", "Hi.", "--assistant", "nobody")
    assert [(done.returncode, done.stderr) for done in there[:2]] == [(done.returncode, done.stderr) for done in here]
    assert there[0].stderr == "assistant: model chat: it is out of words\n  give it some\n"
    assert "has no voice of that name" in there[2].stderr and "joe" in there[2].stderr
    assert "there is no assistant 'nobody'" in nobody.stderr and "configured: jarvis" in nobody.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_daemon_that_goes_away_in_the_middle_is_told_of(tmp_path: Path, number: int) -> None:
    house = prepared(tmp_path)
    command = [sys.executable, "-m", "assistant", "ask", "Tell me and wait"]
    with house.daemon() as daemon:
        daemon.ready()
        asking = subprocess.Popen(
            command, env=house.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        assert asking.stdout is not None
        assert asking.stdout.read(100) == b"1 said before"
        daemon.process.send_signal(number)
        rest, told = asking.communicate(timeout=PATIENCE)
    assert (asking.returncode, rest) == (71, b"\n")
    error = told.decode()
    assert f"the daemon (process {daemon.process.pid}) went away in the middle of its answer" in error
    assert "journalctl" in error and "Traceback" not in error


def test_without_a_daemon_or_with_a_closed_door_engines_are_opened_here(tmp_path: Path, recording: str) -> None:
    house = prepared(tmp_path)
    assert house.run("ask", "What is a cow?").stdout == "1 said before\n"
    done = house.run("ask", "What is a cow?", "--conversation", "kitchen")
    assert done.returncode == 71 and "no daemon answers here" in done.stderr and "assistant run" in done.stderr
    assert len(opened(house)) == 1
    prepared(tmp_path, COUNTED.replace("{port: 0}", "{enabled: false}"))
    with house.daemon() as daemon:
        settled(lambda: True if len(opened(house)) == 4 else None)
        assert house.run("ask", "What is a cow?").stdout == "1 said before\n"
        assert house.run("transcribe", recording).stdout == "What is a cow?\n"
        assert len(opened(house)) == 6 and opened(house).count(str(daemon.process.pid)) == 3
