"""The examples of docs/http.md: those that no other file runs, and that none is left out."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant import Capabilities, EventType, Kind, TextLine, TurnEvent, VisionTask, hookimpl
from assistant.assembly import Assembly, assemble
from assistant.config import load
from assistant.engines import AnySpec
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.plugins import Plugins
from assistant.testing import FakeSink, FakeSource, FakeVad, FakeVision, FakeWake, fake_spec
from assistant.vision import Box
from tests.docs.examples import begin, examples, run
from tests.doors import Fakes
from tests.e2e.test_openai_audio import EXAMPLES as OF_SOUND
from tests.http.conftest import KEY
from tests.http.openai.test_docs import EXAMPLES as OF_OPENAI
from tests.pictures import png
from tests.running import CONFIG

ELSEWHERE = {
    ("GET /v1/realtime", "python"): "tests/http/realtime/test_docs.py",
    ("POST /api/inference/orchestrated", "bash"): "tests/http/rest/test_orchestrated.py",
    ("POST /api/inference/ensemble", "bash"): "tests/http/rest/test_ensemble.py",
    ("Images", "python"): "tests/e2e/test_images.py",
}
"""Which file runs an example, by its heading and language."""
SHOWN: dict[str, Any] = {
    "PATCH /api/devices/{name}": {"name": "room", "muted": True},
    "POST /api/keys": {"name": "dashboard", "scopes": ["home"]},
    "DELETE /api/history": {"exchanges": 0, "files": []},
    "Models and work": {"model": "chat", "text": "Hello there."},
    "Images": {"model": "reader", "text": "Exit"},
}
"""Some of what those of here answer."""
DEVICE = """wake: {engine: fake-wake}, vad: {engine: fake-vad}, microphone: {engine: fake-source},
   speaker: {engine: fake-sink}, reader: {engine: fake-eye}"""
OF_HERE = {
    block.heading: block
    for block in examples()
    if block not in (*OF_OPENAI, *OF_SOUND) and (block.heading, block.language) not in ELSEWHERE
}


class FakeDevice(Fakes):
    """A device and eyes, too."""

    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        eye = FakeVision({VisionTask.TEXT: [TextLine("Exit", 0.9, Box(0.0, 0.0, 9.0, 9.0))]})
        return [
            *super().assistant_engines(),
            fake_spec("fake-wake", Kind.WAKE, FakeWake()),
            fake_spec("fake-vad", Kind.VAD, FakeVad()),
            fake_spec("fake-source", Kind.SOURCE, FakeSource([])),
            fake_spec("fake-sink", Kind.SINK, FakeSink()),
            fake_spec("fake-eye", Kind.VISION, eye, Capabilities(tasks=(VisionTask.TEXT,))),
        ]


@dataclass
class Served:
    """The doors of an assistant with a device."""

    assembly: Assembly
    url: str


@pytest.fixture
async def served(home: Path) -> AsyncGenerator[Served, None]:
    text = CONFIG.replace("wake: null, vad: null, microphone: null, speaker: null", DEVICE)
    text = text.replace("devices: null", "devices: {room: {}}").replace("{port: 0}", f"{{port: 0, key: {KEY}}}")
    file, plugins = home / "assistant.yaml", Plugins()
    file.write_text(text)
    plugins.add("fakes", FakeDevice)
    loaded = load(file, {})
    async with assemble(loaded, plugins) as assembly:
        config = loaded.config.http
        app = make_app(config, assembly.events, dict, {}, doors(assembly), assembly.keys, assembly.audit)
        async with serve(app, config) as port:
            yield Served(assembly, f"http://127.0.0.1:{port}")


def test_every_example_is_run_by_some_test() -> None:
    assert set(OF_HERE) == {"GET /events", "Ollama", *SHOWN}
    others = len(OF_OPENAI) + len(OF_SOUND) + len(ELSEWHERE)
    assert len(OF_HERE) + others == len(examples())


@pytest.mark.once
@pytest.mark.parametrize("heading", SHOWN)
async def test_an_example_is_answered(served: Served, heading: str, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(png(30, 20))
    answer = json.loads(await run(OF_HERE[heading], served.url, KEY, tmp_path))
    assert SHOWN[heading].items() <= answer.items()


@pytest.mark.once
async def test_ollamas_library_reads_the_reply(served: Served, tmp_path: Path) -> None:
    assert await run(OF_HERE["Ollama"], served.url, KEY, tmp_path) == "Hello there."


@pytest.mark.once
async def test_events_are_told_as_they_happen(served: Served, tmp_path: Path) -> None:
    process = await begin(OF_HERE["GET /events"], served.url, KEY, tmp_path)
    assert process.stdout is not None
    try:
        assert await process.stdout.readuntil(b"\n\n") == b": events of turns follow\n\n"
        served.assembly.events.publish(TurnEvent(EventType.STT_END, "turn", "room", 0.0, {"text": "Hello."}))
        assert await process.stdout.readline() == b"event: stt-end\n"
        assert json.loads((await process.stdout.readline()).removeprefix(b"data: "))["data"] == {"text": "Hello."}
    finally:
        process.kill()
        await process.wait()
