import base64
import dataclasses
import re
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from assistant_openwakeword import OpenWakeWordConfig, Word, assistant_engines, open_openwakeword
from assistant_openwakeword.gate import SoundGate
from assistant_openwakeword.models import Floats, Model, Models
from assistant_openwakeword.wake import REARM, OpenWakeWord, Trigger

from assistant import SPEECH, AudioChunk, Detection, ModelError
from assistant.testing import check_spec, check_wake, model_path, recordings, silence, speech, tone

README = Path(__file__).parents[1] / "README.md"
RECORDINGS = recordings()

needs_recordings = pytest.mark.skipif(
    RECORDINGS is None, reason="only people's voices show it: set INGLENOOK_TEST_DATA"
)


def config(*words: str, gate: float = 8.0, **options: float) -> OpenWakeWordConfig:
    """Configure *words* of the catalogue, with the paths in place as the core puts them."""
    return OpenWakeWordConfig(
        words={word: Word(model=model_path(f"wake-{word}"), **options) for word in words},  # type: ignore[arg-type]
        features=model_path("openwakeword-features"),
        gate=gate,
    )


def spoken(name: str, level: float = 1.0) -> bytes:
    assert RECORDINGS
    audio = b"".join(chunk.audio for chunk in speech(RECORDINGS / "wake" / f"{name}.wav"))
    return (np.frombuffer(audio, "<i2") * level).astype("<i2").tobytes()


def room(seconds: float, level: float = 20.0, seed: int = 1) -> bytes:
    """Make the noise of a quiet room; *level* is its standard deviation, of 32768."""
    noise = np.random.default_rng(seed).normal(0, level, round(seconds * SPEECH.rate))
    return noise.round().astype("<i2").tobytes()


def chunks(*sound: bytes, seconds: float = 0.08) -> list[AudioChunk]:
    audio = b"".join(sound)
    size = SPEECH.size(seconds)
    return [AudioChunk(audio[at : at + size], SPEECH, 100 + SPEECH.seconds(at)) for at in range(0, len(audio), size)]


def hear(engine: OpenWakeWord, stream: list[AudioChunk]) -> list[Detection]:
    return [found for chunk in stream for found in engine.push(chunk)]


def test_spec() -> None:
    check_spec(assistant_engines()[0])


def test_readme_has_every_option() -> None:
    rows = set(re.findall(r"^\| `([\w.*]+)`", README.read_text(), re.MULTILINE))
    options = {*OpenWakeWordConfig.__struct_fields__, *(f"words.*.{name}" for name in Word.__struct_fields__)}
    assert rows == options


def test_a_word_without_options_is_the_catalogues() -> None:
    found = msgspec.convert({"words": {"alexa": {}, "computer": {"model": "~/computer.onnx"}}}, OpenWakeWordConfig)
    assert found.words == {"alexa": Word(model="wake-alexa"), "computer": Word(model="~/computer.onnx")}
    assert list(OpenWakeWordConfig().words) == ["hey_jarvis", "alexa"]


@pytest.mark.parametrize(
    "section",
    [{"words": {}}, {"words": {"alexa": {"threshold": 1.5}}}, {"words": {"alexa": {"treshold": 0.5}}}, {"gate": -1}],
)
def test_senseless_options_are_refused(section: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(section, OpenWakeWordConfig)


@needs_recordings
async def test_hears_a_word() -> None:
    async with open_openwakeword(config("alexa", "hey_mycroft")) as engine:
        stream = chunks(room(2), spoken("alexa_test"), room(2))
        found = await check_wake(engine, stream, "alexa")
    assert found.timestamp == pytest.approx(100 + 2 + 0.625, abs=0.4)


@needs_recordings
async def test_hears_a_word_at_the_very_start() -> None:
    async with open_openwakeword(config("alexa")) as engine:
        assert len(hear(engine, chunks(spoken("alexa_test"), bytes(16_000)))) == 1


@needs_recordings
async def test_hears_several_words_and_each_as_often_as_it_is_spoken() -> None:
    words = (spoken("alexa_test"), spoken("hey_mycroft_test"), spoken("alexa_test"))
    async with open_openwakeword(config("alexa", "hey_mycroft", "hey_jarvis")) as engine:
        found = hear(engine, chunks(room(2), *(part for word in words for part in (word, room(2)))))
    assert [detection.name for detection in found] == ["alexa", "hey_mycroft", "alexa"]


@needs_recordings
async def test_a_file_of_ones_own_goes_by_the_name_it_is_given(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    file.symlink_to(model_path("wake-alexa"))
    own = msgspec.structs.replace(config("alexa"), words={"computer": Word(model=str(file))})
    async with open_openwakeword(own) as engine:
        assert [d.name for d in hear(engine, chunks(room(2), spoken("alexa_test"), room(1)))] == ["computer"]


@needs_recordings
@pytest.mark.parametrize("level", [1.0, 0.03])
async def test_the_gate_changes_nothing_that_is_heard(level: float) -> None:
    word, noise = spoken("alexa_test", level), 20 * level
    stream = chunks(room(14, noise), word, room(9, noise, seed=2), word, bytes(SPEECH.size(12)), word, room(1, noise))
    async with open_openwakeword(config("alexa")) as gated, open_openwakeword(config("alexa", gate=0)) as always:
        found = hear(gated, stream)
        assert len(found) == 3
        assert found == hear(always, stream)


@needs_recordings
@pytest.mark.parametrize("seconds", [0.01, 0.0333125, 0.1, 1.7])
async def test_the_length_of_chunks_does_not_matter(seconds: float) -> None:
    sound = room(2), spoken("alexa_test"), room(3), spoken("alexa_test"), room(2)
    async with open_openwakeword(config("alexa")) as engine:
        wanted = hear(engine.fork(), chunks(*sound))
        found = hear(engine.fork(), chunks(*sound, seconds=seconds))
    assert len(wanted) == 2
    assert [(d.name, d.score) for d in found] == [(d.name, d.score) for d in wanted]
    assert [d.timestamp for d in found] == pytest.approx([d.timestamp for d in wanted], abs=1e-6)


@needs_recordings
async def test_forks_do_not_hear_each_other() -> None:
    async with open_openwakeword(config("alexa")) as engine:
        one, other = engine.fork(), engine.fork()
        found: list[Detection] = []
        pairs = zip(chunks(room(2), spoken("alexa_test"), room(1)), chunks(room(3.7, seed=3)), strict=False)
        for loud, quiet in pairs:
            found += one.push(loud)
            assert not other.push(quiet)
    assert len(found) == 1


@needs_recordings
async def test_patience_asks_for_more() -> None:
    stream = chunks(room(2), spoken("alexa_test"), room(2))
    async with open_openwakeword(config("alexa", patience=3)) as patient:
        late = hear(patient, stream)
    async with open_openwakeword(config("alexa")) as engine:
        assert late[0].timestamp == pytest.approx(hear(engine, stream)[0].timestamp + 0.16)
    async with open_openwakeword(config("alexa", patience=100)) as endless:
        assert not hear(endless, stream)


async def test_hears_nothing_in_noise_and_tones() -> None:
    async with open_openwakeword(config("alexa", "hey_jarvis", "hey_mycroft", "hey_rhasspy")) as engine:
        assert not hear(engine, [*chunks(room(10, 2000)), tone(2), silence(2), tone(1, 200), *chunks(bytes(32_000))])


class Counted(Model):
    """A model that counts how often it runs."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.shape = model.shape
        self.runs = 0

    def __call__(self, values: Floats) -> Floats:
        self.runs += 1
        return self._model(values)


@pytest.mark.parametrize("level", [0, 1, 20, 500])
def test_no_model_runs_in_steady_noise(level: float) -> None:
    options = config("alexa")
    models = Models.load(options)
    counted = Counted(models.spectrogram)
    engine = OpenWakeWord(dataclasses.replace(models, spectrogram=counted), options)
    hear(engine, chunks(room(12, level)))
    settled = counted.runs
    hear(engine, chunks(room(20, level, seed=2)))
    assert counted.runs == settled
    hear(engine, [tone(0.3)])
    assert counted.runs > settled


def test_the_gate_hears_a_faint_voice_in_a_louder_hum() -> None:
    time = np.arange(SPEECH.rate * 20) / SPEECH.rate
    hum = 3000 * np.sin(np.pi * 2 * 50 * time) + np.random.default_rng(1).normal(0, 20, time.size)
    faint = hum + 100 * np.sin(np.pi * 2 * 600 * time)
    gate = SoundGate(8.0)

    def opened(sound: npt.NDArray[np.float64]) -> list[bool]:
        frames = sound.astype(np.int16).reshape(-1, 1280)
        return [gate.push(frame) for frame in frames]

    assert not any(opened(hum)[125:])
    assert all(opened(faint[: 1280 * 10]))


@pytest.mark.parametrize(
    ("scores", "patience", "heard_at"),
    [
        ([0.1, 0.6, 0.9, 0.9, 0.2], 1, [1]),
        ([0.6, 0.1, 0.6, 0.1, 0.6], 1, [0]),
        ([0.6] + [0.1] * (REARM - 1) + [0.6], 1, [0]),
        ([0.6] + [0.1] * REARM + [0.6, 0.6], 1, [0, REARM + 1]),
        ([0.6, 0.1, 0.6, 0.6, 0.6], 2, [3]),
    ],
)
def test_a_word_fires_once_until_it_has_faded(scores: list[float], patience: int, heard_at: list[int]) -> None:
    trigger = Trigger(Word(patience=patience))
    assert [n for n, score in enumerate(scores) if trigger.push(score)] == heard_at


TWO_CLASSES = base64.b64decode(  # an ONNX graph that gives back the 96 numbers of one embedding
    "CAgSADo4Cg8KAXgSAXkiB0ZsYXR0ZW4SAWdaFwoBeBISChAIARIMCgIIAQoCCAEKAghgYgkKAXkSBAoCCAFCBAoAEA0="
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"this is text", "not a readable ONNX model"),
        (TWO_CLASSES, "tells 96 classes apart"),
    ],
)
async def test_t16_a_wrong_file_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    if content is not None:
        file.write_bytes(content)
    own = msgspec.structs.replace(config("alexa"), words={"mine": Word(model=str(file))})
    with pytest.raises(ModelError, match=message) as caught:
        async with open_openwakeword(own):
            pass
    assert str(file) in str(caught.value) and caught.value.hint


async def test_another_model_is_no_wake_word() -> None:
    other = Word(model=str(Path(model_path("openwakeword-features")) / "embedding_model.onnx"))
    with pytest.raises(
        ModelError, match=r"embedding_model.onnx: not the model .* it takes .*76, 32, 1\], not \[\?, \?, 96\]"
    ):
        async with open_openwakeword(msgspec.structs.replace(config("alexa"), words={"odd": other})):
            pass


async def test_another_model_makes_no_features(tmp_path: Path) -> None:
    for name in ("melspectrogram.onnx", "embedding_model.onnx"):
        (tmp_path / name).symlink_to(Path(model_path("openwakeword-features")) / "melspectrogram.onnx")
    with pytest.raises(ModelError, match=r"embedding_model\.onnx: not the model .* not \[\?, 76, 32, 1\]"):
        async with open_openwakeword(msgspec.structs.replace(config("alexa"), features=str(tmp_path))):
            pass


async def test_missing_features_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"melspectrogram\.onnx: no such file"):
        async with open_openwakeword(msgspec.structs.replace(config("alexa"), features=str(tmp_path))):
            pass
