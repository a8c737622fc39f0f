"""The main job through the command line: a fresh daemon, a virtual sound card, real engines."""

import json
import subprocess
import sys
import wave
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest

from assistant.pipeline.wake_phrase import plain
from tests.e2e.conftest import CONFIG


def run(*arguments: str) -> str:
    """Run the command line; return what it printed."""
    command = [sys.executable, "-m", "assistant", "--config", str(CONFIG), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(shown: dict[str, Any]) -> None:
    """Check what every demonstrated turn has to show."""
    parts = shown["receipt"]["parts"]
    assert list(parts) == ["endpoint", "transcript", "first_token", "first_clause", "first_audio"]
    assert shown["voice_to_voice_s"] == pytest.approx(sum(parts.values()), abs=0.01)
    assert shown["receipt"]["outcome"] == "answered"
    assert shown["wake"]["score"] >= 0.5
    with wave.open(shown["reply_wav"]) as file:
        assert file.getnframes() / file.getframerate() > 1.0


@pytest.mark.parametrize("source", ["pyaudio", "wav"])
def test_a_question_is_heard_answered_and_played(real_home: Path, source: str) -> None:
    shown = json.loads(run("demo", "--json", "--source", source, "--say", "What is the capital of Italy?"))
    check(shown)
    assert shown["source"] == source
    assert shown["wake"]["name"] == "hey_jarvis"
    assert "capital of italy" in plain(shown["transcript"])
    assert "jarvis" not in plain(shown["transcript"])
    heard = plain(json.loads(run("transcribe", "--json", shown["reply_wav"]))["text"])
    alike = SequenceMatcher(None, heard, plain(shown["reply"])).ratio()
    assert alike > 0.5, f"the speaker played {heard!r}, the reply was {shown['reply']!r}"


def test_a_turn_is_shown_to_a_person(real_home: Path) -> None:
    shown = run("demo", "--source", "wav", "--say", "Why is the sky blue?")
    for word in ("asking", "device", "wake", "heard", "reply", "recorded", "receipt", "endpoint", "total"):
        assert word in shown
    assert (real_home / "cache" / "demo" / "reply.wav").exists()
    receipts = json.loads(run("receipts", "--json"))
    assert [receipt["outcome"] for receipt in receipts] == ["answered"]
    assert "sky" not in json.dumps(receipts)  # receipts hold no content
