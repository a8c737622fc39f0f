import json
import re
import warnings
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import numpy as np
import pytest
from assistant_piper import Piper, PiperConfig, assistant_engines, open_piper

from assistant import SPEECH, AudioChunk, Converter, EngineError, ModelError, SttOptions, Voice, once
from assistant.testing import check_spec, check_tts, model_path

SPEC = assistant_engines()[0]
README = Path(__file__).parents[1] / "README.md"


def joe(**options: object) -> PiperConfig:
    return msgspec.convert({"model": model_path("piper-en_US-joe-medium"), **options}, PiperConfig)


def second_voice(folder: Path, name: str, **changes: object) -> str:
    """Make a voice of another name: the graph of the first, with *changes* in its settings."""
    source = Path(model_path("piper-en_US-joe-medium"))
    (folder / f"{name}.onnx").symlink_to(source)
    settings = json.loads(Path(f"{source}.json").read_text()) | changes
    (folder / f"{name}.onnx.json").write_text(json.dumps(settings))
    return str(folder / f"{name}.onnx")


async def say(piper: Piper, *text: str, voice: Voice | None = None) -> list[AudioChunk]:
    return [chunk async for chunk in piper.speak(once(*text), voice or Voice())]


def seconds(chunks: list[AudioChunk]) -> float:
    return sum(chunk.duration for chunk in chunks)


def test_spec() -> None:
    check_spec(SPEC)


def test_describes_voices_by_their_names() -> None:
    config = PiperConfig(voices={"german": "piper-de_DE-thorsten-high", "mine": "~/voices/my-voice.onnx"})
    found = SPEC.describe(config)
    assert found.languages == ("en-US", "de-DE")
    assert found.voices == (
        Voice(name="en_US-joe-medium", language="en-US"),
        Voice(name="german", language="de-DE"),
        Voice(name="mine"),
    )
    assert found.memory > SPEC.describe(PiperConfig()).memory > 0


def test_readme_has_every_option() -> None:
    rows = set(re.findall(r"^\| `(\w+)`", README.read_text(), re.MULTILINE))
    assert rows == set(PiperConfig.__struct_fields__)


async def test_contract() -> None:
    async with open_piper(joe()) as piper:
        chunks = await check_tts(piper)
    assert (chunks[0].format.rate, chunks[0].format.channels) == (22_050, 1)
    samples = np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2").astype(float)
    assert np.sqrt(np.square(samples).mean()) > 500
    assert np.abs(samples[:100]).max() < 2000, "it begins with a click"
    assert np.abs(samples[-100:]).max() < 2000, "it ends with a click"


async def test_each_clause_is_heard_before_the_next_is_written() -> None:
    written: list[str] = []

    async def clauses() -> AsyncIterator[str]:
        for clause in ("The lamp is on,", "the door is locked,", "and the kettle boils."):
            written.append(clause)
            yield clause

    async with open_piper(joe()) as piper, aclosing(piper.speak(clauses(), Voice())) as sound:
        await anext(sound)
        assert len(written) == 1
        await anext(sound)
        assert len(written) == 2


@pytest.mark.parametrize("text", ["", " \n", "...", "!?", "“ ”", "—", "🙂", "👍🏽 ❤️", "[[]]"])
async def test_no_word_no_sound(text: str) -> None:
    async with open_piper(joe()) as piper:
        assert not await say(piper, text)
        assert await say(piper, text, "Yes.", text)


async def test_emoji_and_phonemes_are_not_read_out() -> None:
    async with open_piper(joe(noise=0, rhythm_noise=0)) as piper:
        plain = seconds(await say(piper, "Good night."))
        assert seconds(await say(piper, "Good night. 🙂🌙")) == pytest.approx(plain, abs=0.05)
        assert seconds(await say(piper, "[[Good night.]]")) == pytest.approx(plain, abs=0.2)


async def test_endless_text_comes_in_bounded_pieces() -> None:
    async with open_piper(joe()) as piper, aclosing(piper.speak(once("word " * 100_000), Voice())) as sound:
        assert 1 < (await anext(sound)).duration < 60
        assert 1 < (await anext(sound)).duration < 60


async def test_speed() -> None:
    async with open_piper(joe(noise=0, rhythm_noise=0)) as piper:
        own = seconds(await say(piper, "The capital of Italy is Rome."))
        fast = seconds(await say(piper, "The capital of Italy is Rome.", voice=Voice(speed=2.0)))
        slow = seconds(await say(piper, "The capital of Italy is Rome.", voice=Voice(speed=0.5)))
        with pytest.raises(EngineError, match="9 times"):
            await say(piper, "Too fast.", voice=Voice(speed=9))
    assert fast < 0.65 * own
    assert slow > 1.6 * own
    async with open_piper(joe(noise=0, rhythm_noise=0, speed=2.0)) as piper:
        assert seconds(await say(piper, "The capital of Italy is Rome.")) == pytest.approx(fast, rel=0.05)


async def test_voice_by_name_else_by_language(tmp_path: Path) -> None:
    german = second_voice(tmp_path, "de_DE-other-medium", espeak={"voice": "de"}, audio={"sample_rate": 16_000})
    async with open_piper(joe(voices={"german": german})) as piper:
        rates = {
            voice: (await say(piper, "Hallo", voice=voice))[0].format.rate
            for voice in (
                Voice(),
                Voice(name="en_US-joe-medium", language="de"),
                Voice(name="german"),
                Voice(language="de-DE"),
                Voice(language="de-CH"),
                Voice(language="en-GB"),
                Voice(language="fr"),
            )
        }
        with pytest.raises(EngineError, match=r"'nobody'.* en_US-joe-medium, german"):
            await say(piper, "Hallo", voice=Voice(name="nobody"))
    assert list(rates.values()) == [22_050, 22_050, 16_000, 16_000, 16_000, 22_050, 22_050]


async def test_speaker(tmp_path: Path) -> None:
    async with open_piper(joe()) as piper:
        assert await say(piper, "Hello", voice=Voice(speaker="0"))
        with pytest.raises(EngineError, match="'anna'") as caught:
            await say(piper, "Hello", voice=Voice(speaker="anna"))
        assert "0 to 0" in caught.value.hint
    named = second_voice(tmp_path, "en_US-two-medium", speaker_id_map={"p1": 0})
    async with open_piper(joe(model=named, speaker="p1")) as piper:
        assert await say(piper, "Hello")
    with pytest.raises(EngineError, match="'p2'") as caught:
        async with open_piper(joe(model=named, speaker="p2")):
            pass
    assert "p1" in caught.value.hint


async def test_missing_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "voice.onnx").symlink_to(model_path("piper-en_US-joe-medium"))
    with pytest.raises(ModelError, match=r"voice\.onnx\.json is missing"):
        async with open_piper(joe(model=str(tmp_path / "voice.onnx"))):
            pass


@pytest.mark.parametrize("settings", ["", "{}", "[1]", '{"audio": 1}'])
async def test_t16_damaged_settings_are_named(tmp_path: Path, settings: str) -> None:
    voice = second_voice(tmp_path, "voice")
    (tmp_path / "voice.onnx.json").write_text(settings)
    with pytest.raises(ModelError, match=r"voice\.onnx\.json cannot be read"):
        async with open_piper(joe(model=voice)):
            pass


@pytest.mark.parametrize("kept", [0, 1000, 1_000_000])
async def test_t16_damaged_voice_is_named(tmp_path: Path, kept: int) -> None:
    voice = second_voice(tmp_path, "voice")
    whole = (tmp_path / "voice.onnx").read_bytes()
    (tmp_path / "voice.onnx").unlink()
    (tmp_path / "voice.onnx").write_bytes(whole[:kept])
    with pytest.raises(ModelError, match=r"voice\.onnx cannot be loaded"):
        async with open_piper(joe(model=voice)):
            pass


async def test_phonemes_that_would_be_fetched_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="pinyin"):
        async with open_piper(joe(model=second_voice(tmp_path, "zh_CN-some-medium", phoneme_type="pinyin"))):
            pass


async def test_cuda_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    async with open_piper(joe(cuda=True)):
        pass
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said.startswith("cuda is true, but this ONNX Runtime was built without it")


async def test_cuda_that_is_built_in_and_does_not_load(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    monkeypatch.setattr("assistant_piper.synthesis.use_cuda", lambda wanted: True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ONNX Runtime's, of the provider it has not
        async with open_piper(joe()):
            pass
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "the processor does the work" in said


def test_the_library_says_what_it_was_built_for() -> None:
    import onnxruntime

    assert SPEC.build
    build = SPEC.build()
    assert build.library == f"onnxruntime {onnxruntime.__version__}"
    assert build.built_for == (("cuda",) if "CUDAExecutionProvider" in onnxruntime.get_available_providers() else ())


async def test_whisper_understands_it() -> None:
    whisper = pytest.importorskip("assistant_faster_whisper")
    config = whisper.FasterWhisperConfig(model=model_path("whisper-tiny.en"), device="cpu")
    plainly = joe(noise=0, rhythm_noise=0)  # the same sound each time: a lively one is misheard now and then
    async with open_piper(plainly) as piper, whisper.open_faster_whisper(config) as ears:
        for sentence in ("the capital of italy is rome", "please turn on the kitchen lights"):
            said = await say(piper, sentence)
            converter = Converter(said[0].format, SPEECH)
            audio = b"".join(converter.push(chunk.audio) for chunk in said) + converter.flush()
            heard = [t async for t in ears.transcribe(once(AudioChunk(audio, SPEECH)), SttOptions())]
            assert re.sub(r"[^a-z ]", "", heard[-1].text.lower()) == sentence
