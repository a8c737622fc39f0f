"""The examples of docs/http.md: those that no other file runs, and that none is left out."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant import SPEECH, Capabilities, EventType, Kind, TextLine, TurnEvent, VisionTask, hookimpl
from assistant.assembly import Assembly, assemble
from assistant.config import load
from assistant.engines import AnySpec
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.plugins import Plugins
from assistant.testing import (
    FakeEmbed,
    FakeSink,
    FakeSource,
    FakeStt,
    FakeVad,
    FakeVision,
    FakeWake,
    fake_spec,
    tone,
)
from assistant.vision import Box
from assistant.wav import decode_wav, wav_header
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
    "OpenAI": {"object": "chat.completion", "model": "gpt-4o-mini"},
    "POST /v1/audio/translations": {"text": "What time is it?"},
    "POST /api/generate": {"response": "Hello there.", "done": True},
    "POST /api/embed": {"embeddings": [[1.0, 0.0], [0.6, 0.8]]},
    "POST /models/{id}/load": {"state": "open"},
    "POST /models/{id}/unload": {"state": "closed"},
    "POST /api/inference/": {"model": "chat", "text": "Hello there."},
    "POST /api/inference/batch": {"failed": 0},
    "POST /api/inference/parallel": {"failed": 0},
    "POST /api/audio/transcribe": {"model": "stt", "text": "What time is it?"},
}
"""Some of what those of here answer."""
DEVICE = """wake: {engine: fake-wake}, vad: {engine: fake-vad}, microphone: {engine: fake-source},
   speaker: {engine: fake-sink}, reader: {engine: fake-eye}, sentences: {engine: fake-embed}"""
OF_HERE = {
    block.heading: block
    for block in examples()
    if block not in (*OF_OPENAI, *OF_SOUND) and (block.heading, block.language) not in ELSEWHERE
}


class FakeDevice(Fakes):
    """A device, eyes, a model of sentences, and ears that translate, too."""

    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        eye = FakeVision({VisionTask.TEXT: [TextLine("Exit", 0.9, Box(0.0, 0.0, 9.0, 9.0))]})
        ears = Capabilities(("en",), translates=True)
        near = FakeEmbed({"It is warm.": (1.0, 0.0), "It is hot.": (0.6, 0.8)})
        return [
            *(spec for spec in super().assistant_engines() if spec.name != "fake-stt"),
            fake_spec("fake-stt", Kind.STT, FakeStt(["What time is it?"]), ears),
            fake_spec("fake-embed", Kind.EMBED, near),
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
    file.write_text(f"{text}aliases: {{gpt-4o-mini: {{model: chat}}}}\n")
    plugins.add("fakes", FakeDevice)
    loaded = load(file, {})
    async with assemble(loaded, plugins) as assembly:
        config = loaded.config.http
        app = make_app(config, assembly.events, dict, {}, doors(assembly), assembly.keys, assembly.audit)
        async with serve(app, config) as port:
            yield Served(assembly, f"http://127.0.0.1:{port}")


def test_every_example_is_run_by_some_test() -> None:
    assert set(OF_HERE) == {"GET /events", "Ollama", "POST /api/audio/text-to-speech", *SHOWN}
    others = len(OF_OPENAI) + len(OF_SOUND) + len(ELSEWHERE)
    assert len(OF_HERE) + others == len(examples())


@pytest.mark.once
@pytest.mark.parametrize("heading", SHOWN)
async def test_an_example_is_answered(served: Served, heading: str, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(png(30, 20))
    (tmp_path / "question.wav").write_bytes(wav_header(SPEECH) + tone(1.0).audio)
    answer = json.loads(await run(OF_HERE[heading], served.url, KEY, tmp_path))
    assert SHOWN[heading].items() <= answer.items()


@pytest.mark.once
async def test_a_text_is_spoken(served: Served, tmp_path: Path) -> None:
    assert await run(OF_HERE["POST /api/audio/text-to-speech"], served.url, KEY, tmp_path) == ""
    assert decode_wav((tmp_path / "answer.wav").read_bytes()).duration > 0.1


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
