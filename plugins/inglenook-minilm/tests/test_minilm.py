import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from assistant_minilm import MiniLmConfig, assistant_engines, open_minilm

from assistant import ModelError
from assistant.testing import check_embed, check_spec, model_path

README = Path(__file__).parents[1] / "README.md"


def config() -> MiniLmConfig:
    return MiniLmConfig(model=model_path("all-minilm-l6-v2"))


def test_spec() -> None:
    check_spec(assistant_engines()[0])


def test_readme_has_every_option() -> None:
    rows = set(re.findall(r"^\| `(\w+)`", README.read_text(), re.MULTILINE))
    assert rows == set(MiniLmConfig.__struct_fields__)


@pytest.mark.parametrize(
    ("text", "alike", "other"),
    [
        ("switch the lamp off", "turn off the light", "what time is it"),
        ("how late is it", "what time is it", "add milk to my shopping list"),
        ("put milk on the list", "add milk to my shopping list", "set a timer for five minutes"),
    ],
)
async def test_what_means_the_same_is_near(text: str, alike: str, other: str) -> None:
    async with open_minilm(config()) as engine:
        await check_embed(engine, text, alike, other)


async def test_several_threads_may_ask_at_once() -> None:
    texts = ["turn off the light", "what time is it", "turn up the heating in the bedroom, please"]
    async with open_minilm(config()) as engine:
        wanted = engine.embed(texts)
        with ThreadPoolExecutor(3) as threads:
            assert list(threads.map(engine.embed, [texts] * 6)) == [wanted] * 6
        assert [engine.embed([text])[0] for text in texts] == wanted, "neighbours move a vector"


async def test_only_the_first_tokens_count() -> None:
    async with open_minilm(config()) as engine:
        long, longer, longest = engine.embed(["word " * 127, "word " * 254, "word " * 5000])
        assert long != longer == longest
        assert engine.fits("word " * 254) and not engine.fits("word " * 255)


async def test_words_after_the_128th_token_are_found() -> None:
    told = ["My grandmother keeps bees and sells the honey.", "The spacecraft lost contact with the ground station."]
    before = "The report describes the weather in the north and the roads that lead there. " * 12  # 182 tokens
    async with open_minilm(config()) as engine:
        honey, craft = engine.embed([before + words for words in told])
        for asked, near, far in (("Who sells honey?", honey, craft), ("What happened in space?", craft, honey)):
            (question,) = engine.embed([asked])
            likeness, other = (sum(a * b for a, b in zip(question, place, strict=True)) for place in (near, far))
            assert likeness > other + 0.1, asked


@pytest.mark.parametrize(("missing", "message"), [("model.onnx", "no such file"), ("tokenizer.json", "no such file")])
async def test_a_missing_file_is_named(missing: str, message: str, tmp_path: Path) -> None:
    for file in {"model.onnx", "tokenizer.json"} - {missing}:
        (tmp_path / file).symlink_to(Path(model_path("all-minilm-l6-v2")) / file)
    with pytest.raises(ModelError, match=message) as caught:
        async with open_minilm(MiniLmConfig(model=str(tmp_path))):
            pass
    assert missing in str(caught.value) and caught.value.hint


@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json"])
async def test_t16_a_wrong_file_is_named(broken: str, tmp_path: Path) -> None:
    for file in {"model.onnx", "tokenizer.json"} - {broken}:
        (tmp_path / file).symlink_to(Path(model_path("all-minilm-l6-v2")) / file)
    (tmp_path / broken).write_bytes(b"text")
    with pytest.raises(ModelError, match=broken):
        async with open_minilm(MiniLmConfig(model=str(tmp_path))):
            pass


async def test_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").symlink_to(model_path("silero-vad"))
    (tmp_path / "tokenizer.json").symlink_to(Path(model_path("all-minilm-l6-v2")) / "tokenizer.json")
    with pytest.raises(ModelError, match="not a sentence transformer"):
        async with open_minilm(MiniLmConfig(model=str(tmp_path))):
            pass
