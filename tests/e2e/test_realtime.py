"""A live conversation with a real daemon: Silero hears, Whisper writes, SmolLM2 answers, Piper speaks."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import openai
import pytest

from assistant.audio import AudioFormat
from assistant.convert import Converter
from assistant.http.realtime.forms import Form
from assistant.paths import models_folder
from tests.running import CONFIG, Home

CLIENT, LINE = AudioFormat(24_000), AudioFormat(8_000)
ENGINES = """
models:
  {stt: {engine: faster-whisper, model: whisper-tiny.en}, chat: {engine: llama-cpp, temperature: 0},
   tts: {engine: piper, noise: 0, rhythm_noise: 0}, vad: {engine: silero-vad}, turn: null, intent: null, wake: null,
   microphone: null, speaker: null}
assistants: {jarvis: {turn: "", intent: ""}}
"""


@pytest.mark.once
async def test_a_question_is_heard_and_answered_aloud(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(CONFIG[CONFIG.index("devices:") :] + ENGINES)
    (home.folder / "data" / "models").symlink_to(models_folder())
    with home.daemon() as daemon:
        await asyncio.to_thread(daemon.ready)
        async with openai.AsyncOpenAI(base_url=f"{daemon.address}/v1", api_key=home.key, max_retries=0) as client:
            told = await asked(client, "What is the capital of France?")
        assert await asyncio.to_thread(daemon.stop) == 0
    kinds = [event.type for event in told]
    assert kinds.count("input_audio_buffer.speech_started") == kinds.count("input_audio_buffer.committed") == 1
    (heard,) = (event.transcript for event in told if event.type.endswith("input_audio_transcription.completed"))
    assert "capital of France" in heard
    response = told[-1].response
    assert response.status == "completed" and "Paris" in response.output[0].content[0].transcript
    sound = b"".join(base64.b64decode(event.delta) for event in told if event.type == "response.output_audio.delta")
    assert CLIENT.seconds(len(sound)) > 0.5 and max(sound[1::2]) > 0


@pytest.mark.once
async def test_a_timer_is_set_over_a_telephone_line(tmp_path: Path) -> None:
    home = Home(tmp_path)
    engines = ENGINES.replace("intent: null", "intent: {engine: hassil}").replace('turn: "", intent: ""', 'turn: ""')
    home.write(CONFIG[CONFIG.index("devices:") :] + engines)
    (home.folder / "data" / "models").symlink_to(models_folder())
    form: Any = {"format": {"type": "audio/pcmu"}}
    with home.daemon() as daemon:
        await asyncio.to_thread(daemon.ready)
        async with openai.AsyncOpenAI(base_url=f"{daemon.address}/v1", api_key=home.key, max_retries=0) as client:
            spoken = await client.audio.speech.create(
                model="tts", voice="alloy", input="Set a timer for five minutes.", response_format="pcm"
            )
            line = Converter(CLIENT, LINE)
            sound = Form.ULAW.write(line.push(spoken.content) + line.flush())
            async with client.realtime.connect(model="jarvis") as session:
                await session.session.update(session={"type": "realtime", "audio": {"input": form, "output": form}})
                told = await said(session, sound, "response.done", LINE.rate // 10, b"\xff")
            kept: Any = await client.with_options(base_url=daemon.address).get("/api/timers", cast_to=object)
        assert await asyncio.to_thread(daemon.stop) == 0
    heard = [event.transcript for event in told if event.type.endswith("input_audio_transcription.completed")]
    said_back = told[-1].response.output[0].content[0].transcript
    assert said_back == "Timer set for 5 minutes.", f"heard: {heard}"
    (timer,) = kept["timers"]
    assert 200 < timer["left"] <= 300
    answer = b"".join(base64.b64decode(event.delta) for event in told if event.type == "response.output_audio.delta")
    assert 0.5 < len(answer) / LINE.rate < 5.0


async def asked(client: openai.AsyncOpenAI, question: str) -> list[Any]:
    """Ask something aloud, and return all that is told until it is answered."""
    spoken = await client.audio.speech.create(model="tts", voice="alloy", input=question, response_format="pcm")
    async with client.realtime.connect(model="chat") as session:
        await session.session.update(session={"type": "realtime", "instructions": "Answer in one sentence."})
        return await said(session, spoken.content, "response.done")


async def said(session: Any, sound: bytes, last: str, piece: int = CLIENT.size(0.1), quiet: bytes = b"\0") -> list[Any]:
    """Say something at the pace of a microphone, then be silent, until something is told; return all that is."""
    told: list[Any] = []

    async def hear() -> None:
        while not told or told[-1].type != last:
            told.append(await session.recv())

    hearing = asyncio.create_task(hear())
    pieces = [sound[at : at + piece] for at in range(0, len(sound), piece)]
    while not hearing.done():
        audio = base64.b64encode(pieces.pop(0) if pieces else quiet * piece).decode()
        await session.input_audio_buffer.append(audio=audio)
        await asyncio.wait({hearing}, timeout=0.1)
    await hearing
    return told
