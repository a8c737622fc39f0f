import itertools
import random
import re
from pathlib import Path

import pytest
from assistant_silero_vad import SileroVadConfig, assistant_engines, open_silero_vad
from assistant_silero_vad.vad import SileroVad

from assistant import SPEECH, AudioChunk, ModelError, SpeechProbability
from assistant.testing import check_spec, check_vad, model_path, recordings, silence, speech, tone

README = Path(__file__).parents[1] / "README.md"
RECORDINGS = recordings()

needs_recordings = pytest.mark.skipif(
    RECORDINGS is None, reason="only people's voices show it: set INGLENOOK_TEST_DATA"
)


def config() -> SileroVadConfig:
    return SileroVadConfig(model=model_path("silero-vad"))


def command(seconds: float = 0.08, start: float = 0.0) -> list[AudioChunk]:
    """Read a spoken command, with a second of silence before and after."""
    assert RECORDINGS
    recorded = speech(RECORDINGS / "speech" / "turn_off_all_of_the_lights_in_the_Office.wav")
    audio = bytes(SPEECH.size(1)) + b"".join(chunk.audio for chunk in recorded) + bytes(SPEECH.size(1))
    return cut(audio, seconds, start)


def cut(audio: bytes, seconds: float, start: float = 0.0) -> list[AudioChunk]:
    size = SPEECH.size(seconds)
    return [AudioChunk(audio[at : at + size], SPEECH, start + SPEECH.seconds(at)) for at in range(0, len(audio), size)]


def frames(engine: SileroVad, chunks: list[AudioChunk]) -> list[SpeechProbability]:
    return [frame for chunk in chunks for frame in engine.push(chunk)]


def test_spec() -> None:
    check_spec(assistant_engines()[0])


def test_readme_has_every_option() -> None:
    rows = set(re.findall(r"^\| `(\w+)`", README.read_text(), re.MULTILINE))
    assert rows == set(SileroVadConfig.__struct_fields__)


@needs_recordings
async def test_tells_speech_from_silence() -> None:
    async with open_silero_vad(config()) as engine:
        found = await check_vad(engine, command(start=50.0))
    voiced = [frame for frame in found if frame.probability > 0.5]
    assert 51 < voiced[0].start < 52 and 53 < voiced[-1].end < 54.7
    assert found[0].start == 50.0
    assert all(frame.probability < 0.3 for frame in found if frame.end < 51)


@needs_recordings
@pytest.mark.parametrize("seconds", [0.01, 0.0333125, 0.1, 2.0])
async def test_the_length_of_chunks_does_not_matter(seconds: float) -> None:
    async with open_silero_vad(config()) as engine:
        wanted = frames(engine.fork(), command())
        found = frames(engine.fork(), command(seconds))
    assert [frame.probability for frame in found] == [frame.probability for frame in wanted]
    assert [frame.end for frame in found] == pytest.approx([frame.end for frame in wanted], abs=1e-6)


@needs_recordings
async def test_forks_do_not_hear_each_other() -> None:
    async with open_silero_vad(config()) as engine:
        alone = frames(engine.fork(), command())
        one, other = engine.fork(), engine.fork()
        mixed: list[SpeechProbability] = []
        for chunk in command():
            mixed += one.push(chunk)
            other.push(tone(0.08))
    assert mixed == alone


async def test_sound_that_is_no_voice_is_no_speech() -> None:
    async with open_silero_vad(config()) as engine:
        for sound in (silence(2), tone(2), tone(2, 2000)):
            found = frames(engine.fork(), cut(sound.audio, 0.08))
            assert len(found) == 62
            assert sum(frame.probability > 0.5 for frame in found) < 10  # an onset may startle it


async def test_shaking_timestamps_do_not_shake_the_frames() -> None:
    shake = random.Random(1)
    steady = cut(bytes(SPEECH.size(20)), 0.02, 7.0)
    shaken = [AudioChunk(c.audio, c.format, c.timestamp + shake.uniform(-0.015, 0.015)) for c in steady]
    async with open_silero_vad(config()) as engine:
        found = frames(engine, shaken)
    for before, after in itertools.pairwise(found):
        assert before.end == after.start
        assert after.end - after.start == pytest.approx(0.032, abs=0.002)
    assert found[-1].end == pytest.approx(7.0 + len(found) * 0.032, abs=0.015)


async def test_follows_a_microphone_whose_clock_is_slow() -> None:
    steady = cut(bytes(SPEECH.size(60)), 0.02)
    slow = [AudioChunk(c.audio, c.format, c.timestamp * 1.001) for c in steady]
    async with open_silero_vad(config()) as engine:
        found = frames(engine, slow)
    assert all(before.end == after.start for before, after in itertools.pairwise(found))
    assert found[-1].end == pytest.approx(60 * 1.001, abs=0.05)


async def test_lost_sound_leaves_a_gap() -> None:
    audio = bytes(SPEECH.size(1.024))
    async with open_silero_vad(config()) as engine:
        found = frames(engine, [*cut(audio, 0.064), *cut(audio, 0.064, start=5.0)])
    gaps = [(before.end, after.start) for before, after in itertools.pairwise(found) if before.end != after.start]
    assert len(gaps) == 1 and gaps[0] == pytest.approx((1.024, 5.0))


@pytest.mark.parametrize(("content", "message"), [(None, "no such file"), (b"text", "not a readable ONNX model")])
async def test_t16_a_wrong_file_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "vad.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        async with open_silero_vad(SileroVadConfig(model=str(file))):
            pass
    assert str(file) in str(caught.value) and caught.value.hint


async def test_another_model_is_refused() -> None:
    with pytest.raises(ModelError, match="not Silero VAD version 6"):
        async with open_silero_vad(SileroVadConfig(model=model_path("wake-alexa"))):
            pass
