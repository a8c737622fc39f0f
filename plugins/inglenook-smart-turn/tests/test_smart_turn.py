import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from assistant_smart_turn import SmartTurnConfig, assistant_engines, open_smart_turn
from assistant_smart_turn.features import BANDS, FRAMES, Floats, log_mel

from assistant import SPEECH, AudioChunk, ModelError
from assistant.testing import check_spec, check_turn, model_path, recordings, silence, speech

README = Path(__file__).parents[1] / "README.md"
RECORDINGS = recordings()

needs_recordings = pytest.mark.skipif(
    RECORDINGS is None, reason="only people's voices show it: set INGLENOOK_TEST_DATA"
)


def config() -> SmartTurnConfig:
    return SmartTurnConfig(model=model_path("smart-turn-v3.2"))


def command(name: str, share: float = 1.0, still: float = 0.0) -> AudioChunk:
    """Read the first *share* of a spoken command, and seconds of silence after it."""
    assert RECORDINGS
    audio = b"".join(chunk.audio for chunk in speech(RECORDINGS / "speech" / f"{name}.wav"))
    size = int(len(audio) * share) // SPEECH.frame * SPEECH.frame
    return AudioChunk(audio[:size] + bytes(SPEECH.size(still)), SPEECH)


def noise(seconds: float, level: float = 0.1) -> Floats:
    """Make noise that swells and fades, so that its frames differ."""
    count = SPEECH.size(seconds) // SPEECH.frame
    swell = 1 + np.sin(np.arange(count) / 4000)
    return np.asarray(np.random.default_rng(1).standard_normal(count) * level * swell, np.float32)


def reference(sound: Floats) -> npt.NDArray[np.float64]:
    """Make the spectrogram as its definition reads, in double precision: every frame, every filter as a whole."""
    window = np.zeros(128_000)
    window[len(window) - len(sound[-128_000:]) :] = sound[-128_000:]
    window = (window - window.mean()) / np.sqrt(window.var() + 1e-7)
    padded = np.pad(window, 200, mode="reflect")
    hann = np.sin(np.pi * np.arange(400) / 400) ** 2
    power = np.array([np.abs(np.fft.rfft(padded[at : at + 400] * hann)) ** 2 for at in range(0, 128_000, 160)])
    mel = np.log10(np.maximum(power @ filters(), 1e-10)).T
    return np.asarray(np.maximum(mel, mel.max() - 8) + 4) / 4


def filters() -> npt.NDArray[np.float64]:
    """Make Slaney's filters one by one."""

    def hertz(mel: float) -> float:
        return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    top = 15 + 27 * np.log(8) / np.log(6.4)
    edges = [hertz(mel) for mel in np.linspace(0, top, 82)]
    made = np.zeros((201, 80))
    for band, (low, peak, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        for frequency in range(201):
            at = frequency * 40
            slope = min((at - low) / (peak - low), (high - at) / (high - peak))
            made[frequency, band] = max(0, slope) * 2 / (high - low)
    return made


def test_spec() -> None:
    check_spec(assistant_engines()[0])


def test_readme_has_every_option() -> None:
    rows = set(re.findall(r"^\| `(\w+)`", README.read_text(), re.MULTILINE))
    assert rows == set(SmartTurnConfig.__struct_fields__)


@pytest.mark.parametrize("seconds", [0, 0.001, 0.02, 1.2345, 7.98, 7.99, 8, 11.3])
def test_the_spectrogram_is_whispers(seconds: float) -> None:
    found = log_mel(noise(seconds))
    assert found.shape == (BANDS, FRAMES) and found.dtype == np.float32
    assert np.abs(found - reference(noise(seconds))).max() < 1e-4


@pytest.mark.parametrize("level", [1e-5, 1.0])
def test_the_spectrogram_of_faint_and_of_loud_sound(level: float) -> None:
    offset = noise(3, level) + np.float32(level)  # as of a cheap microphone
    assert np.abs(log_mel(offset) - reference(offset)).max() < 1e-4


@needs_recordings
async def test_tells_a_whole_command_from_one_that_breaks_off() -> None:
    async with open_smart_turn(config()) as engine:
        await check_turn(engine, command("whats_the_date"), command("turn_on_Standing_Light", 0.4))


@needs_recordings
@pytest.mark.parametrize(
    "name",
    [
        "cancel_all_timers",
        "is_the_Garage_Door_open",
        "nevermind",
        "set_a_timer_for_5_minutes",
        "turn_off_all_of_the_lights_in_the_Office",
        "turn_on_Standing_Light",
        "what_time_is_it",
        "whats_the_weather",
    ],
)
async def test_whole_commands_score_high(name: str) -> None:
    async with open_smart_turn(config()) as engine:
        for still in (0.0, 0.2, 0.6):
            assert engine.score(command(name, still=still)) > 0.55


@needs_recordings
async def test_sentences_that_break_off_score_low() -> None:
    async with open_smart_turn(config()) as engine:
        for name, share in (("pause_timer", 0.5), ("is_the_Garage_Door_open", 0.5), ("turn_on_Standing_Light", 0.4)):
            assert engine.score(command(name, share)) < 0.25


@needs_recordings
async def test_only_the_last_eight_seconds_count() -> None:
    async with open_smart_turn(config()) as engine:
        last = (command("whats_the_weather").audio * 5)[-SPEECH.size(8) :]
        assert len(last) == SPEECH.size(8)
        before = command("what_time_is_it").audio
        assert engine.score(AudioChunk(before + last, SPEECH)) == engine.score(AudioChunk(last, SPEECH))


async def test_several_threads_may_ask_at_once() -> None:
    sounds = [AudioChunk((noise(2, level) * 32767).astype("<i2").tobytes(), SPEECH) for level in (0.01, 0.05, 0.2)]
    async with open_smart_turn(config()) as engine:
        wanted = [engine.score(sound) for sound in sounds]
        together = threading.Barrier(len(sounds))

        def ask(sound: AudioChunk) -> list[float]:
            together.wait()
            return [engine.score(sound) for _ in range(5)]

        with ThreadPoolExecutor(len(sounds)) as threads:
            assert list(threads.map(ask, sounds)) == [[score] * 5 for score in wanted]
    assert len(set(wanted)) == len(wanted)


async def test_silence_and_no_sound_at_all_have_a_score() -> None:
    async with open_smart_turn(config()) as engine:
        assert engine.score(AudioChunk(b"", SPEECH)) == engine.score(silence(1)) == engine.score(silence(9))


@pytest.mark.parametrize(("content", "message"), [(None, "no such file"), (b"text", "not a readable ONNX model")])
async def test_t16_a_wrong_file_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "turn.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        async with open_smart_turn(SmartTurnConfig(model=str(file))):
            pass
    assert str(file) in str(caught.value) and caught.value.hint


async def test_another_model_is_refused() -> None:
    with pytest.raises(ModelError, match="not Smart Turn version 3"):
        async with open_smart_turn(SmartTurnConfig(model=model_path("silero-vad"))):
            pass
