import re
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from difflib import SequenceMatcher
from pathlib import Path

import msgspec
import numpy as np
import pytest
from assistant_espeak import Espeak, EspeakConfig, assistant_engines, open_espeak
from assistant_espeak.languages import LANGUAGES, VOICES, voice_for
from assistant_espeak.program import Program

from assistant import SPEECH, AudioChunk, Converter, EngineError, EngineUnavailable, SttOptions, Voice, once
from assistant.testing import check_spec, check_tts, model_path

SPEC = assistant_engines()[0]
README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
async def espeak() -> AsyncGenerator[Espeak, None]:
    async with open_espeak(EspeakConfig()) as engine:
        yield engine


async def say(engine: Espeak, *text: str, voice: Voice | None = None) -> list[AudioChunk]:
    return [chunk async for chunk in engine.speak(once(*text), voice or Voice())]


def sound(chunks: list[AudioChunk]) -> bytes:
    return b"".join(chunk.audio for chunk in chunks)


def seconds(chunks: list[AudioChunk]) -> float:
    return sum(chunk.duration for chunk in chunks)


def test_spec() -> None:
    check_spec(SPEC)


def test_readme_has_every_option() -> None:
    rows = set(re.findall(r"^\| `(\w+)`", README.read_text(), re.MULTILINE))
    assert rows == set(EspeakConfig.__struct_fields__)


async def test_contract(espeak: Espeak) -> None:
    chunks = await check_tts(espeak)
    assert (chunks[0].format.rate, chunks[0].format.channels) == (22_050, 1)
    assert all(chunk.duration < 0.25 for chunk in chunks)
    samples = np.frombuffer(sound(chunks), "<i2").astype(float)
    assert np.sqrt(np.square(samples).mean()) > 500


def test_describes_its_languages() -> None:
    found = SPEC.describe(EspeakConfig())
    assert {"de", "en-us", "fr", "es", "zh", "no"} <= set(found.languages)
    assert Voice(name="de", language="de") in found.voices
    assert len(found.voices) > 100


def test_the_program_has_the_voices_that_are_promised() -> None:
    program = Program.find("espeak-ng")
    assert set(VOICES) <= program.voices
    assert {"f1", "f5", "m1", "m8", "whisper", "klatt2"} <= program.variants


@pytest.mark.parametrize(
    ("tag", "voice"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("en", "en-us"),
        ("en-GB", "en-gb"),
        ("en_AU", "en-us"),
        ("fr", "fr-fr"),
        ("fr-CA", "fr-fr"),
        ("fr-be", "fr-be"),
        ("es-419", "es-419"),
        ("pt-BR", "pt-br"),
        ("zh", "cmn"),
        ("zh-Hant-TW", "cmn"),
        ("zh-HK", "yue"),
        ("nn", "nb"),
        ("chr", "chr-us-qaaa-x-west"),
        ("tlh", ""),
        ("", ""),
    ],
)
def test_the_voice_of_a_language(tag: str, voice: str) -> None:
    assert voice_for(tag, VOICES) == voice


def test_every_language_that_is_promised_has_a_voice() -> None:
    assert all(voice_for(tag, VOICES) for tag in LANGUAGES)


async def test_a_voice_by_name_else_by_language_else_the_default(espeak: Espeak) -> None:
    german = sound(await say(espeak, "Guten Tag", voice=Voice(name="de")))
    assert sound(await say(espeak, "Guten Tag", voice=Voice(language="de-CH"))) == german
    assert sound(await say(espeak, "Guten Tag", voice=Voice(name="DE", language="en"))) == german
    english = sound(await say(espeak, "Guten Tag"))
    assert english != german
    assert sound(await say(espeak, "Guten Tag", voice=Voice(language="tlh"))) == english
    async with open_espeak(EspeakConfig(voice="de")) as other:
        assert sound(await say(other, "Guten Tag")) == german


async def test_a_variant_by_name_by_speaker_or_by_configuration(espeak: Espeak) -> None:
    own = sound(await say(espeak, "Hello"))
    high = sound(await say(espeak, "Hello", voice=Voice(name="en-us+f3")))
    assert own != high == sound(await say(espeak, "Hello", voice=Voice(speaker="f3")))
    async with open_espeak(EspeakConfig(variant="f3")) as other:
        assert sound(await say(other, "Hello")) == high


async def test_what_is_not_there_is_told_with_the_nearest(espeak: Espeak) -> None:
    for voice, said in (
        (Voice(name="en-us-nyd"), "did you mean"),
        (Voice(name="zzqq"), "espeak-ng --voices"),
        (Voice(name="-w/tmp/x"), "espeak-ng --voices"),
        (Voice(speaker="wisper"), "did you mean 'whisper'"),
        (Voice(name="de+f9"), "did you mean 'f"),
    ):
        with pytest.raises(EngineError) as caught:
            await say(espeak, "Hello", voice=voice)
        assert said in caught.value.hint
    for config in (EspeakConfig(voice="grman"), EspeakConfig(variant="f9")):
        with pytest.raises(EngineError, match="espeak-ng has no v"):
            async with open_espeak(config):
                pass


async def test_speed_pitch_and_volume_are_heard(espeak: Espeak) -> None:
    text = "The capital of Italy is Rome, and that of France is Paris."
    own = await say(espeak, text)
    assert seconds(await say(espeak, text, voice=Voice(speed=2.0))) < 0.65 * seconds(own)
    assert seconds(await say(espeak, text, voice=Voice(speed=0.5))) > 1.6 * seconds(own)
    for speed in (0.25, 9):
        with pytest.raises(EngineError, match=f"{speed:g} times"):
            await say(espeak, text, voice=Voice(speed=speed))
    async with open_espeak(EspeakConfig(volume=30)) as quiet, open_espeak(EspeakConfig(pitch=90)) as high:
        assert np.abs(np.frombuffer(sound(await say(quiet, text)), "<i2")).max() < 12_000
        assert sound(await say(high, text)) != sound(own)
    for bad in ({"speed": 5}, {"pitch": 100}, {"volume": -1}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, EspeakConfig)


@pytest.mark.parametrize("text", ["", " \n", "...", "!?", "“ ”", "—", "🙂", "👍🏽 ❤️", "[[]]", "\x01\x02"])
async def test_no_word_no_sound(espeak: Espeak, text: str) -> None:
    assert not await say(espeak, text)
    assert await say(espeak, text, "Yes.", text)


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("\x01 9S Hello there.", "9S Hello there."),
        ("Hello\x00 there.", "Hello  there."),
        ("Hello there. 🙂🌙", "Hello there."),
        ("Hello \ud800there.", "Hello there."),
        ("-w /tmp/hello.wav there", " -w /tmp/hello.wav there"),
        ("--version", " --version"),
    ],
)
async def test_nothing_in_a_text_is_a_command(espeak: Espeak, text: str, like: str) -> None:
    assert sound(await say(espeak, text)) == sound(await say(espeak, like))


async def test_phonemes_and_markup_are_only_text(espeak: Espeak) -> None:
    spelled = seconds(await say(espeak, "[[h@loU]]"))
    assert spelled > 1.5 * seconds(await say(espeak, "hello")), "they were read as phonemes"
    slowly = '<prosody rate="x-slow">Hello there.</prosody>'
    assert sound(await say(espeak, slowly)) != sound(await say(espeak, "Hello there."))


async def test_each_clause_is_heard_before_the_next_is_written(espeak: Espeak) -> None:
    written: list[str] = []

    async def clauses() -> AsyncIterator[str]:
        for clause in ("The lamp is on,", "the door is locked."):
            written.append(clause)
            yield clause

    async with aclosing(espeak.speak(clauses(), Voice())) as heard:
        await anext(heard)
        assert len(written) == 1


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list["subprocess.Popen[bytes]"]:
    """Return the processes that are started from now on."""
    started: list[subprocess.Popen[bytes]] = []
    start: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen

    def noted(*arguments: object, **options: object) -> "subprocess.Popen[bytes]":
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr("assistant_espeak.program.subprocess.Popen", noted)
    return started


async def test_endless_text_comes_in_bounded_pieces_and_closing_ends_the_process(
    espeak: Espeak, processes: list["subprocess.Popen[bytes]"]
) -> None:
    async with aclosing(espeak.speak(once("word " * 100_000), Voice())) as heard:
        assert (await anext(heard)).duration < 0.25
        assert processes[0].poll() is None, "all of it is made before the first sound is heard"
    assert [process.poll() for process in processes] == [-9]


async def test_a_missing_program_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="no-such-program") as caught:
        async with open_espeak(EspeakConfig(program="no-such-program")):
            pass
    assert caught.value.hint == "install it: apt install espeak-ng"
    for name, script in (("other", "#!/bin/sh\necho hello\n"), ("broken", "no program at all")):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
        with pytest.raises(EngineUnavailable, match=name):
            async with open_espeak(EspeakConfig(program=str(tmp_path / name))):
                pass


async def test_a_program_that_fails_or_hangs_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for end, said in (("echo out of data >&2; exit 1", "out of data"), ("sleep 60", "no sound in")):
        program = tmp_path / said.replace(" ", "-")
        program.write_text(f'#!/bin/sh\ncase "$*" in *--voices*) exec espeak-ng "$@";; *) {end};; esac\n')
        program.chmod(0o755)
        async with open_espeak(EspeakConfig(program=str(program))) as engine:
            with monkeypatch.context() as patch, pytest.raises(EngineError, match=said):
                patch.setattr("assistant_espeak.program._PATIENCE", 0.2)
                await say(engine, "Hello")


SENTENCES = {
    "en": ("klatt", "The kitchen light is on."),
    "de": ("klatt", "Entschuldigung, das hat nicht geklappt."),
    "fr": ("f2", "Baisse le volume."),
    "es": ("klatt", "Apaga la luz del salón."),
}
"""By language, with the variant in which Whisper base understands the sentence; it has no ear for machines."""


async def test_whisper_understands_it() -> None:
    whisper = pytest.importorskip("assistant_faster_whisper")
    config = whisper.FasterWhisperConfig(model=model_path("whisper-base"), device="cpu")
    async with open_espeak(EspeakConfig(speed=0.8)) as espeak, whisper.open_faster_whisper(config) as ears:
        for language, (variant, sentence) in SENTENCES.items():
            said = await say(espeak, sentence, voice=Voice(language=language, speaker=variant))
            converter = Converter(said[0].format, SPEECH)
            audio = b"".join(converter.push(chunk.audio) for chunk in said) + converter.flush()
            still = bytes(SPEECH.size(0.5))
            recording = AudioChunk(still + audio + still, SPEECH)
            heard = [t async for t in ears.transcribe(once(recording), SttOptions(language))]
            alike = SequenceMatcher(None, sentence.lower(), heard[-1].text.lower()).ratio()
            assert alike > 0.8, f"{sentence!r} was heard as {heard[-1].text!r}"
