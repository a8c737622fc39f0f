"""A real daemon with real ears and a real voice, asked by OpenAI's own library: speech out, and in again."""

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from assistant.paths import models_folder
from assistant.wav import decode_wav
from tests.docs.examples import examples
from tests.docs.markdown import Block
from tests.running import CONFIG, Home

TEXT = "What time is it in the kitchen? Please turn on the light."
EXAMPLES = [
    block
    for block in examples()
    if block.heading in ("POST /v1/audio/transcriptions", "POST /api/turn") or '"input_audio"' in block.text
]
WORDS = re.findall(r"\w+", TEXT.lower())


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    """Ask a daemon that hears by Whisper, speaks by Piper, and knows other formats by FFmpeg."""
    home = Home(tmp_path_factory.mktemp("home"))
    config = CONFIG.replace("{engine: fake-stt}", "{engine: faster-whisper}")
    config = config.replace("{engine: fake-tts}", "{engine: piper, noise: 0, rhythm_noise: 0}, echo: {engine: echo}")
    home.write(config + "aliases: {whisper-1: {model: stt}, tts-1: {model: tts}}\n")
    (home.folder / "data" / "models").symlink_to(models_folder())
    with home.daemon() as daemon:
        daemon.ready()
        with openai.OpenAI(base_url=f"{daemon.address}/v1", api_key=home.key, max_retries=0) as library:
            yield library
        assert daemon.stop() == 0


@pytest.mark.once
@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "aac", "flac"])
def test_what_is_spoken_is_heard_again(client: openai.OpenAI, form: Any) -> None:
    spoken = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=form).content
    heard = client.audio.transcriptions.create(model="whisper-1", file=(f"said.{form}", spoken))
    assert re.findall(r"\w+", heard.text.lower()) == WORDS


@pytest.mark.once
def test_a_model_is_told_what_it_cannot_hear_and_answers_aloud(client: openai.OpenAI) -> None:
    spoken = client.audio.speech.create(model="tts", voice="alloy", input=TEXT, response_format="mp3").content
    sound = {"data": base64.b64encode(spoken).decode(), "format": "mp3"}
    message: Any = {"role": "user", "content": [{"type": "input_audio", "input_audio": sound}]}
    answer = client.chat.completions.create(
        model="echo", messages=[message], modalities=["text", "audio"], audio={"voice": "alloy", "format": "mp3"}
    )
    said = answer.choices[0].message.audio
    assert said is not None and all(word in said.transcript.lower() for word in WORDS)
    heard = client.audio.transcriptions.create(model="stt", file=("said.mp3", base64.b64decode(said.data)))
    assert re.findall(r"\w+", heard.text.lower())[-len(WORDS) :] == WORDS


@pytest.mark.once
def test_a_fast_voice_is_shorter_and_not_higher(client: openai.OpenAI) -> None:
    lengths = {}
    for speed in (1.0, 1.5):
        answer = client.audio.speech.create(model="tts", voice="alloy", input=TEXT, speed=speed, response_format="wav")
        lengths[speed] = decode_wav(answer.content).duration
    assert 0.5 < lengths[1.5] / lengths[1.0] < 0.85


@pytest.mark.once
def test_words_have_their_times_and_events_their_words(client: openai.OpenAI) -> None:
    spoken = client.audio.speech.create(model="tts", voice="alloy", input=TEXT, response_format="flac").content
    heard = client.audio.transcriptions.create(
        model="stt",
        file=("said.flac", spoken),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert heard.words and [re.sub(r"\W", "", word.word.lower()) for word in heard.words] == WORDS
    assert all(word.start <= word.end <= float(heard.duration) + 0.1 for word in heard.words)
    assert heard.segments and heard.segments[-1].end <= float(heard.duration) + 0.1
    stream = client.audio.transcriptions.create(model="stt", file=("said.flac", spoken), stream=True)
    events = list(stream)
    assert events[-1].type == "transcript.text.done" and events[-1].text == heard.text


@pytest.mark.once
@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.heading)
def test_an_example_of_the_documentation_works(client: openai.OpenAI, block: Block, tmp_path: Path) -> None:
    key = tmp_path / ".local/state/inglenook/api-key"
    key.parent.mkdir(parents=True)
    key.write_text(f"{client.api_key}\n")
    spoken = client.audio.speech.create(model="tts", voice="alloy", input=TEXT, response_format="wav").content
    (tmp_path / "question.wav").write_bytes(spoken)
    text = block.text.replace("http://127.0.0.1:8420/v1", str(client.base_url).rstrip("/"))
    text = text.replace("http://127.0.0.1:8420", str(client.base_url).removesuffix("/v1/"))
    command = ["bash", "-c", text] if block.language == "bash" else [sys.executable, "-c", text]
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    if '"input_audio"' in block.text:
        assert done.stdout == "Hello there.\n"
        assert decode_wav((tmp_path / "answer.wav").read_bytes()).duration > 0.4
    elif block.language == "python":
        assert done.stdout == "What time is it?\n"
    else:
        names = re.findall(r"^event: (\w+)$", done.stdout, re.MULTILINE)
        assert names[0] == "transcript" and names[-1] == "receipt" and {"words", "sound"} <= set(names)
        assert TEXT in done.stdout and '"outcome":"answered"' in done.stdout
