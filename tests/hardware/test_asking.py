"""Libraries are asked in processes of their own, which they may end."""

from pathlib import Path

import pytest

from tests.running import Home

SPECS = """
import os, signal, sys
from dataclasses import replace
from assistant import Build, Kind, hookimpl
from assistant.testing import FakeStt, fake_spec

def lacks_an_instruction():
    os.kill(os.getpid(), signal.SIGILL)

def is_half_installed():
    raise OSError("libfoo.so.1: cannot open shared object file")

def is_well():
    print("a library that talks")
    return Build("foo 1.0", ("cuda", "vulkan"), ("vulkan",))

@hookimpl
def assistant_engines():
    builds = {"ill": lacks_an_instruction, "half": is_half_installed, "well": is_well, "plain": None}
    return [replace(fake_spec(name, Kind.STT, FakeStt()), build=build) for name, build in builds.items()]
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.write("plugins: {disabled: [llama-cpp, faster-whisper, piper]}", engines=SPECS)
    return made


def test_each_engine_answers_or_fails_by_itself(home: Home) -> None:
    found = home.json("hardware")
    engines = {asked["engine"]: asked for asked in found["engines"]}
    assert set(engines) >= {"ill", "half", "well"}
    assert "plain" not in engines
    assert engines["well"]["build"] == {"library": "foo 1.0", "built_for": ["cuda", "vulkan"], "usable": ["vulkan"]}
    assert "Illegal instruction" in engines["ill"]["failure"]
    assert "libfoo.so.1" in engines["half"]["failure"]
    assert found["processor"]["cores"] >= 1
    assert found["memory"]["total"] > 0
    assert isinstance(found["gpus"], list)


def test_people_read_it_too(home: Home) -> None:
    done = home.run("hardware")
    assert done.returncode == 0, done.stderr
    assert "uses vulkan" in done.stdout
    assert "ended the process" in done.stdout
