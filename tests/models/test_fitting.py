"""Models that follow the languages: recognisers by what is spoken, voices that stand in for others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Capabilities, ConfigError, EngineConfig, EngineSpec, Kind, hookimpl
from assistant.config import load
from assistant.engines import AnySpec
from assistant.models.catalogue import catalogue
from assistant.models.configured import read_models
from assistant.models.fitting import check_ears, languages_of, stand_ins, with_stand_ins
from assistant.plugins import Plugins
from assistant.testing import FakeStt, FakeTts, fake_spec

CONFIG = """
devices: null
models: {stt: {engine: ears}, tts: {engine: mouth}, chat: null, turn: null, intent: null,
         wake: null, vad: null, microphone: null, speaker: null}
"""
ONE = "assistants: {jarvis: {language: LANGUAGE, chat: [], turn: '', intent: ''}}\n"


class Ears(EngineConfig, frozen=True, kw_only=True):
    """Options of a recogniser that comes in two sizes."""

    model: str = "english"
    size: int = 1


def _suiting(languages: Sequence[str]) -> Mapping[str, object]:
    return {} if set(languages) <= {"en"} else {"model": "all", "size": 2}


def _describe(config: Ears) -> Capabilities:
    return Capabilities(languages=("en-US",) if config.model == "english" else ("en", "de"))


def specs() -> list[AnySpec]:
    ears = fake_spec("ears", Kind.STT, FakeStt())
    made: AnySpec = EngineSpec(
        name="ears", kind=Kind.STT, config=Ears, describe=_describe, open=ears.open, suiting=_suiting
    )
    mouth = fake_spec("mouth", Kind.TTS, FakeTts(), Capabilities(languages=("en",)))
    spare = replace(fake_spec("spare", Kind.TTS, FakeTts(), Capabilities(languages=("de",))), stands_in=True)
    return [made, mouth, spare]


class Fakes:
    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        return specs()


@pytest.fixture
def plugins() -> Plugins:
    found = Plugins()
    found.add("fakes", Fakes)
    return found


def written(folder: Path, text: str) -> Path:
    file = folder / "assistant.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("language", "options", "expected"),
    [
        ("en", "", ("english", 1)),
        ("de", "", ("all", 2)),
        ("auto", "", ("all", 2)),
        ("de", ", model: english", ("english", 2)),
        ("de", ", size: 5", ("all", 5)),
    ],
)
def test_options_that_nobody_set_suit_the_language(
    tmp_path: Path, plugins: Plugins, language: str, options: str, expected: tuple[str, int]
) -> None:
    text = CONFIG.replace("{engine: ears}", f"{{engine: ears{options}}}") + ONE.replace("LANGUAGE", language)
    config = read_models(load(written(tmp_path, text), {}), plugins)["stt"].config
    assert isinstance(config, Ears)
    assert (config.model, config.size) == expected


def test_a_model_that_several_use_suits_all_of_them(tmp_path: Path, plugins: Plugins) -> None:
    both = (
        "assistants: {jarvis: {chat: [], turn: '', intent: ''}, hans: {language: de, chat: [], turn: '', intent: ''}}\n"
    )
    loaded = load(written(tmp_path, CONFIG + both), {})
    assert languages_of("stt", loaded.config) == languages_of("tts", loaded.config) == ("en", "de")
    config = read_models(loaded, plugins)["stt"].config
    assert isinstance(config, Ears)
    assert config.model == "all"


def test_ears_that_do_not_know_the_language_are_named(tmp_path: Path, plugins: Plugins) -> None:
    deaf = CONFIG.replace("engine: ears", "engine: ears, model: english")
    for language in ("en", "en-GB", "auto"):
        loaded = load(written(tmp_path, deaf + ONE.replace("LANGUAGE", language)), {})
        check_ears(loaded, read_models(loaded, plugins), catalogue())
    loaded = load(written(tmp_path, deaf + ONE.replace("LANGUAGE", "de-AT")), {})
    with pytest.raises(ConfigError, match=r"yaml:\d+: assistants.jarvis.language: .* en-US and not de-AT") as caught:
        check_ears(loaded, read_models(loaded, plugins), catalogue())
    assert caught.value.hint == "set models.stt.model to whisper-base; then: assistant models pull"


def test_a_voice_stands_in_as_it_comes_or_as_it_is_configured(tmp_path: Path, plugins: Plugins) -> None:
    loaded = load(written(tmp_path, CONFIG + ONE.replace("LANGUAGE", "de")), {})
    found = stand_ins(plugins.engines.values(), read_models(loaded, plugins))
    assert list(found) == ["spare"]
    assistants = with_stand_ins(loaded.config.assistants, found)
    assert assistants["jarvis"].voices == ("tts", "spare")

    own = CONFIG.replace("chat: null", "other: {engine: spare}, chat: null") + ONE.replace("LANGUAGE", "de")
    loaded = load(written(tmp_path, own), {})
    assert list(stand_ins(plugins.engines.values(), read_models(loaded, plugins))) == ["other"]


def test_whoever_only_writes_gets_no_voice(tmp_path: Path) -> None:
    silent = ONE.replace("LANGUAGE", "en, tts: ''")
    assistants = load(written(tmp_path, CONFIG + silent), {}).config.assistants
    assert with_stand_ins(assistants, ["spare"])["jarvis"].voices == ()
