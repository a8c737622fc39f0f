"""Names of models in an engine's configuration, and the paths that take their place."""

from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from assistant.engines import EngineConfig, ModelRef
from assistant.errors import ModelError
from assistant.models.catalogue import catalogue
from assistant.models.references import locate, resolve, wanted
from assistant.models.store import Store


class Word(EngineConfig, frozen=True, kw_only=True):
    model: ModelRef
    threshold: float = 0.5


class Config(EngineConfig, frozen=True, kw_only=True):
    model: ModelRef = "silero-vad"
    verifier: ModelRef | None = None
    words: Annotated[dict[str, Word], msgspec.Meta(max_length=9)] = msgspec.field(default_factory=dict)
    more: tuple[ModelRef, ...] = ()
    parts: list[Word | str] = msgspec.field(default_factory=list)
    nested: Word | None = None
    language: str = "silero-vad"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store in which the small models seem to be: their files have the right sizes."""
    store = Store(tmp_path / "models", catalogue())
    for model in ("silero-vad", "wake-alexa", "openwakeword-features"):
        (store.folder / model).mkdir(parents=True)
        for file in store.catalogue[model].files:
            (store.folder / model / file.name).write_bytes(bytes(file.size))
    return store


def test_every_reference_becomes_a_path(store):
    vad, alexa = str(store.path("silero-vad")), str(store.path("wake-alexa"))
    config = Config(
        verifier="wake-alexa",
        words={"a": Word(model="wake-alexa", threshold=0.7), "b": Word(model="silero-vad")},
        more=("silero-vad", "openwakeword-features"),
        parts=[Word(model="wake-alexa"), "wake-alexa"],
        nested=Word(model="silero-vad"),
    )
    assert resolve(config, store) == Config(
        model=vad,
        verifier=alexa,
        words={"a": Word(model=alexa, threshold=0.7), "b": Word(model=vad)},
        more=(vad, str(store.folder / "openwakeword-features")),
        parts=[Word(model=alexa), "wake-alexa"],
        nested=Word(model=vad),
        language="silero-vad",
    )
    assert config.model == "silero-vad", "the configuration itself stays as it was written"


def test_what_a_configuration_needs_is_known_before_it_is_here(tmp_path):
    words = {"a": Word(model="wake-alexa")}
    config = Config(words=words, verifier="smollm2-135m", more=("whisper-base", "/some/where.onnx", "mine.gguf", "~/x"))
    assert wanted(config, catalogue()) == {"silero-vad", "wake-alexa", "smollm2-135m", "whisper-base"}
    with pytest.raises(ModelError, match=r"^words\.x\.model: the catalogue has no model 'wake-alexis'$") as error:
        wanted(Config(words={"x": Word(model="wake-alexis")}), catalogue())
    assert error.value.hint == "did you mean 'wake-alexa'?"


def test_a_missing_model_is_named_with_the_field_and_the_command(store):
    with pytest.raises(ModelError, match=r"^more\[1\]: the model whisper-base is not in ") as error:
        resolve(Config(more=("silero-vad", "whisper-base")), store)
    assert error.value.hint == "try: assistant models pull whisper-base"


def test_a_path_is_taken_as_it_is(store, tmp_path, monkeypatch):
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (str(mine), "./mine.onnx", "mine.onnx", "~/mine.onnx"):
        assert locate(name, store) == tmp_path / "mine.onnx"
    assert locate(f"{tmp_path}/", store) == tmp_path
    with pytest.raises(ModelError, match=r"^model: there is no file 'other\.ONNX'$"):
        resolve(Config(model="other.ONNX"), store)
