"""README.md: its plugin is a plugin, and does what it says."""

import asyncio
import json
import re
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant import EventType
from assistant.assembly import assemble
from assistant.config import load
from assistant.plugins import Plugins
from tests.docs.markdown import blocks
from tests.source import ROOT

PAGE = ROOT / "README.md"


@pytest.fixture
def plugin(home: Path) -> Path:
    """Put the plugin of the README where single-file plugins lie."""
    [block] = [block for block in blocks(PAGE, "python") if block.title]
    assert len([line for line in block.text.splitlines() if line.strip()]) <= 10
    folder = home / "data" / "plugins"
    folder.mkdir(parents=True)
    (folder / block.title).write_text(block.text)
    return folder / block.title


def test_the_plugin_is_found(plugin: Path) -> None:
    listed = subprocess.check_output([sys.executable, "-m", "assistant", "plugins", "list", "--json"], text=True)
    assert {"name": plugin.stem, "origin": str(plugin), "engines": {}, "state": "in use", "reason": ""} in json.loads(
        listed
    )


async def test_the_plugin_sees_a_turn(plugin: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "echo.yaml"
    others = ", ".join(f"{model}: null" for model in ("stt", "tts", "wake", "vad", "microphone", "speaker"))
    assistants = "devices: null\nassistants: {jarvis: {stt: '', tts: ''}}"
    file.write_text(f"{assistants}\nmodels: {{chat: {{engine: echo}}, {others}}}\n")
    plugins = Plugins.load(folder=plugin.parent)
    [observer] = plugins.observers()
    async with assemble(load(file, {}), plugins) as assembly, aclosing(assembly.events.subscribe()) as events:
        turn = asyncio.create_task(assembly.run_turn("hello"))
        async for event in events:  # subscribes before the turn's task begins
            await observer.see(event)
            if event.type is EventType.RUN_END:
                break
        await turn
    assert re.match(r"local: answered after \d+\.\d+ s", capsys.readouterr().out)
