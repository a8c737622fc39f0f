"""Images end to end: real vision models, a real chat model, the daemon and the command line as they are run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from tests.docs.markdown import blocks
from tests.running import CONFIG, PATIENCE, Home
from tests.source import ROOT

EYES = """
models:
  {stt: null, tts: null, turn: null, intent: null, wake: null, vad: null, microphone: null, speaker: null,
   objects: {engine: nanodet}, reader: {engine: rapidocr}}
assistants: {jarvis: {stt: "", tts: "", turn: "", intent: ""}}
devices: null
"""
CHATS = """
from assistant import Capabilities, ChatMessage, Done, Kind, TextDelta, hookimpl
from assistant.testing import FakeChat, fake_spec

class Repeats(FakeChat):
    async def reply(self, request):
        yield TextDelta(request.messages[-1].text)
        yield Done("stop")

class Sees(FakeChat):
    async def reply(self, request):
        image, words = request.messages[-1].parts
        yield TextDelta(f"{image.image.mime_type}, {len(image.image.data)} bytes: {words.text}")
        yield Done("stop")

@hookimpl
def assistant_engines():
    seeing = Capabilities(inputs=frozenset({"text", "image"}))
    return [fake_spec("repeats", Kind.CHAT, Repeats()), fake_spec("sees", Kind.CHAT, Sees(), seeing)]
"""


@pytest.fixture
def home(real_home: Path) -> Home:
    home = Home(real_home)
    home.write(EYES, chats=CHATS)
    return home


@pytest.fixture
def note(tmp_path: Path) -> Path:
    picture = Image.new("RGB", (700, 200), "white")
    ImageDraw.Draw(picture).text((20, 60), "Dentist: Monday 14:30", fill="black", font=ImageFont.load_default(50))
    picture.save(tmp_path / "note.png")
    return tmp_path / "note.png"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.fromarray(data.astronaut()).save(tmp_path / "photo.jpg")
    return tmp_path / "photo.jpg"


def test_a_real_chat_model_is_told_and_the_receipt_says_by_whom(home: Home, photo: Path) -> None:
    answer = home.json("ask", "--image", str(photo), "Who is in this picture?")
    assert answer["reply"]  # what so small a model makes of it is its own
    assert answer["models"] == {"object-detection": "objects", "ocr": "reader", "chat": "chat"}
    [receipt] = home.json("receipts")
    assert receipt["models"] == answer["models"]


def test_what_the_chat_model_is_told_is_what_is_in_the_image(home: Home, note: Path) -> None:
    home.write(EYES.replace("models:\n  {", "models:\n  {chat: {engine: repeats}, "), chats=CHATS)
    done = home.run("ask", "--image", str(note), "When is the dentist?")
    assert done.returncode == 0, done.stderr
    assert '(found by the model reader): "Dentist: Monday 14:30"' in done.stdout
    assert done.stdout.endswith("When is the dentist?\n> described by objects (object-detection), reader (ocr)\n")


def test_a_chat_model_that_sees_is_shown_the_image(home: Home, note: Path) -> None:
    home.write(EYES.replace("models:\n  {", "models:\n  {chat: {engine: sees}, "), chats=CHATS)
    answer = home.json("ask", "--image", str(note), "What is this?")
    assert answer["reply"] == f"image/png, {note.stat().st_size} bytes: What is this?"
    assert answer["models"] == {"chat": "chat"}


def test_without_eyes_the_error_names_the_plugins(home: Home, note: Path) -> None:
    home.write()
    done = home.run("ask", "--image", str(note), "What is this?")
    assert done.returncode == 70
    assert "nobody can look at the image" in done.stderr and "inglenook-rapidocr" in done.stderr


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), (b"GIF89a", "no JPEG, PNG or WebP")])
def test_a_file_that_is_no_image_is_told_before_anything_is_loaded(
    home: Home, tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "image"
    if content is not None:
        file.write_bytes(content)
    done = home.run("ask", "--image", str(file), "What is this?")
    assert done.returncode == 65 and str(file) in done.stderr and said in done.stderr


def test_the_example_of_the_documentation_reads_an_image_over_http(home: Home, note: Path, tmp_path: Path) -> None:
    home.write(CONFIG.replace("models:\n  {", "models:\n  {reader: {engine: rapidocr}, "))
    [example] = [block for block in blocks(ROOT / "docs" / "http.md", "python") if block.heading == "Images"]
    program = tmp_path / "look.py"
    program.write_text(example.text)
    with home.daemon() as daemon:
        daemon.ready()
        done = subprocess.run(
            [sys.executable, str(program), str(note), daemon.address, home.key],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={**os.environ, "no_proxy": "*"},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        text, _, box = done.stdout.partition(" {")
        assert text == "Dentist: Monday 14:30"
        assert set(json.loads(f"{{{box}".replace("'", '"'))) == {"left", "top", "right", "bottom"}
        assert daemon.stop() == 0
