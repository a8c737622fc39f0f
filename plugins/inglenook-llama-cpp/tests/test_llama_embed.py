"""The engine that places texts, by MiniLM's real weights in a GGUF file, and by a chat model that is told how."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from assistant_llama_cpp import (
    LlamaConfig,
    LlamaEmbedConfig,
    assistant_engines,
    describe_llama_embed,
    open_llama,
    open_llama_embed,
)
from assistant_llama_cpp.embed import LlamaEmbed
from assistant_llama_cpp.encoder import SEQUENCES, Encoder
from assistant_minilm import MiniLmConfig, open_minilm
from gguf import PoolingType
from minilm_gguf import WIDTH, write_minilm
from numpy.typing import NDArray

from assistant import Bounded, EngineError, EngineUnavailable, Kind, ModelError
from assistant.testing import check_embed, check_spec

TEXTS = [
    "turn off the light",
    "switch the lamp off, please",
    "what time is it",
    "how late is it?",
    "add milk to my shopping list",
    "Put two litres of milk on the list!",
    "Zürich is a city in Switzerland.",
    "set a timer for five minutes",
    "x",
    "He plays the piano; she doesn't.",
]


@pytest.fixture(scope="session")
def sentences(minilm: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """MiniLM as a GGUF file."""
    return str(write_minilm(Path(minilm), tmp_path_factory.mktemp("minilm") / "all-minilm-l6-v2.gguf"))


@pytest.fixture
async def engine(sentences: str) -> AsyncGenerator[LlamaEmbed, None]:
    async with open_llama_embed(LlamaEmbedConfig(model=sentences)) as engine:
        yield engine


def table(vectors: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    return np.array(vectors, np.float64)


def alike(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
    """Return how near the vectors are that differ most."""
    return float((table(one) * table(other)).sum(axis=1).min())


def test_spec(sentences: str) -> None:
    (spec,) = (spec for spec in assistant_engines() if spec.kind is Kind.EMBED)
    check_spec(spec)
    can = spec.describe(LlamaEmbedConfig(model=sentences, languages=["en"]))
    assert can.languages == ("en",) and can.memory > Path(sentences).stat().st_size
    assert describe_llama_embed(LlamaEmbedConfig()).memory == 0


@pytest.mark.parametrize(
    ("text", "near", "other"),
    [
        ("switch the lamp off", "turn off the light", "what time is it"),
        ("how late is it", "what time is it", "add milk to my shopping list"),
        ("put milk on the list", "add milk to my shopping list", "set a timer for five minutes"),
    ],
)
async def test_it_keeps_the_contract(engine: LlamaEmbed, text: str, near: str, other: str) -> None:
    await check_embed(engine, text, near, other)


async def test_vectors_are_those_of_the_same_weights_on_onnx_runtime(engine: LlamaEmbed, minilm: str) -> None:
    ours = table(engine.embed(TEXTS))
    async with open_minilm(MiniLmConfig(model=minilm)) as other:
        theirs = table(other.embed(TEXTS))
    assert ours.shape == (len(TEXTS), WIDTH)
    assert alike(ours.tolist(), theirs.tolist()) > 0.9999
    assert (np.argsort(ours @ ours.T)[:, ::-1] == np.argsort(theirs @ theirs.T)[:, ::-1]).all()


async def test_which_texts_are_too_long_is_known(sentences: str) -> None:
    async with open_llama_embed(LlamaEmbedConfig(model=sentences, context=128)) as engine:
        assert isinstance(engine, Bounded)
        assert engine.fits("word " * 126) and not engine.fits("word " * 127), "two tokens stand around a text"
        assert not engine.fits("x" * 1_000_000)
    with pytest.raises(EngineUnavailable):
        engine.fits("word")


async def test_a_long_text_is_cut_where_the_other_engine_cuts_it(sentences: str, minilm: str) -> None:
    long = " ".join(TEXTS * 30)
    config = LlamaEmbedConfig(model=sentences, context=256)
    async with open_llama_embed(config) as engine, open_minilm(MiniLmConfig(model=minilm)) as other:
        assert alike(engine.embed([long]), other.embed([long])) > 0.9999


@pytest.mark.parametrize("context", [64, 512, 100_000])
async def test_only_the_first_tokens_count(sentences: str, context: int) -> None:
    most = min(context, 512)  # the model has no more positions
    async with open_llama_embed(LlamaEmbedConfig(model=sentences, context=context)) as engine:
        whole, longer, book, less = engine.embed(
            ["word " * (most - 2), "word " * (most - 1), "word " * 1_000_000, "word " * (most - 3) + "milk"]
        )
        assert whole == pytest.approx(longer, abs=1e-6)
        assert whole == pytest.approx(book, abs=1e-6)
        assert whole != pytest.approx(less, abs=1e-4)


async def test_neighbours_and_order_do_not_matter(engine: LlamaEmbed) -> None:
    many = [f"{text} {n}" for n in range(10) for text in TEXTS]
    assert len(many) > SEQUENCES
    at_once = engine.embed(many)
    one_by_one = [engine.embed([text])[0] for text in many]
    backwards = engine.embed(many[::-1])[::-1]
    assert alike(at_once, one_by_one) > 0.99999 and alike(at_once, backwards) > 0.99999
    assert engine.embed([many[0]] * 3 + many[1:2]) == [engine.embed(many[:2])[0]] * 3 + [engine.embed(many[:2])[1]]


async def test_nothing_and_oddities_have_a_place(engine: LlamaEmbed) -> None:
    assert engine.embed([]) == []
    odd = ["", " ", "\0", "\n\n", "\ud800", "😀", "ﷺ" * 700, "a" * 100_000, " " * 1_000_000]
    assert np.linalg.norm(table(engine.embed(odd)), axis=1) == pytest.approx(1)
    empty, blank = engine.embed(["", "   "])
    assert empty == pytest.approx(blank, abs=1e-6)


async def test_the_text_of_a_control_token_is_text(engine: LlamaEmbed, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[int]] = []
    vectors = Encoder.vectors

    def noted(self: Encoder, texts: Sequence[Sequence[int]]) -> list[list[float]]:
        given.extend(map(list, texts))
        return vectors(self, texts)

    monkeypatch.setattr(Encoder, "vectors", noted)
    engine.embed(["[SEP] [CLS][MASK] [PAD] [UNK]"])
    (tokens,) = given
    assert (tokens[0], tokens[-1]) == (101, 102)
    assert not {0, 100, 101, 102, 103} & set(tokens[1:-1])


async def test_several_threads_may_ask_at_once(engine: LlamaEmbed) -> None:
    wanted = engine.embed(TEXTS)
    with ThreadPoolExecutor(6) as threads:
        for found in threads.map(engine.embed, [TEXTS] * 12):
            assert alike(found, wanted) > 0.99999


async def test_a_short_question_does_not_wait_for_all_that_a_program_asks(
    engine: LlamaEmbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[int] = []
    begun, vectors, waiting = threading.Event(), Encoder.vectors, engine._thread._work_queue

    def noted(self: Encoder, texts: Sequence[Sequence[int]]) -> list[list[float]]:
        begun.set()
        while not order and waiting.empty():
            time.sleep(0.001)  # until the question has come
        order.append(len(texts))
        return vectors(self, texts)

    monkeypatch.setattr(Encoder, "vectors", noted)
    with ThreadPoolExecutor(2) as threads:
        program = threads.submit(engine.embed, [f"{n} {text}" for n in range(60) for text in TEXTS])
        await asyncio.to_thread(begun.wait)
        assert len(threads.submit(engine.embed, ["what time is it"]).result()) == 1
        assert len(program.result()) == 600
    assert order.index(1) < len(order) - 1


async def test_once_it_is_closed_it_says_so(sentences: str) -> None:
    async with open_llama_embed(LlamaEmbedConfig(model=sentences)) as engine:
        asking = [asyncio.create_task(asyncio.to_thread(engine.embed, TEXTS * 20)) for _ in range(4)]
        await asyncio.sleep(0)
    for outcome in await asyncio.gather(*asking, return_exceptions=True):
        assert isinstance(outcome, (list, EngineUnavailable)), outcome  # placed before, or told
    with pytest.raises(EngineUnavailable, match="closed"):
        engine.embed(["x"])


async def test_a_failure_of_llama_cpp_is_an_error(engine: LlamaEmbed, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = engine._encoder
    with monkeypatch.context() as patch:
        patch.setattr(encoder, "_step", lambda context, batch: -2)
        with pytest.raises(EngineError, match="could not place"):
            engine.embed(["x"])
    assert len(engine.embed(["x"])[0]) == WIDTH


@pytest.mark.parametrize("threads", [1, 2, 3])
async def test_the_threads_do_not_matter(engine: LlamaEmbed, sentences: str, threads: int) -> None:
    async with open_llama_embed(LlamaEmbedConfig(model=sentences, threads=threads)) as other:
        assert alike(engine.embed(TEXTS), other.embed(TEXTS)) > 0.99999


async def test_weights_without_sense_are_an_error_and_no_vector(minilm: str, tmp_path: Path) -> None:
    file = write_minilm(Path(minilm), tmp_path / "odd.gguf")
    with file.open("r+b") as whole:
        whole.seek(-4, os.SEEK_END)  # the last layer's last number
        whole.write(np.float32("nan").tobytes())
    with pytest.raises(EngineError, match="no direction"):
        async with open_llama_embed(LlamaEmbedConfig(model=str(file))):
            pass


@pytest.mark.parametrize("pooling", ["cls", "last"])
async def test_the_file_says_how_and_the_owner_may_say_otherwise(sentences: str, minilm: str, pooling: str) -> None:
    async with open_llama_embed(LlamaEmbedConfig(model=sentences)) as engine:
        mean = engine.embed(TEXTS)
    config = LlamaEmbedConfig(model=sentences, pooling=pooling)  # type: ignore[arg-type]
    async with open_llama_embed(config) as engine:
        assert 0.3 < alike(engine.embed(TEXTS), mean) < 0.98


async def test_a_file_that_does_not_say_how_is_refused_and_can_be_helped(minilm: str, tmp_path: Path) -> None:
    file = str(write_minilm(Path(minilm), tmp_path / "silent.gguf", None))
    with pytest.raises(ModelError, match="does not say how") as caught:
        async with open_llama_embed(LlamaEmbedConfig(model=file)):
            pass
    assert "pooling" in caught.value.hint
    async with open_llama_embed(LlamaEmbedConfig(model=file, pooling="mean")) as engine:
        await check_embed(engine, "switch the lamp off", "turn off the light", "what time is it")


async def test_a_chat_model_is_refused_unless_it_is_told_how(model: str) -> None:
    with pytest.raises(ModelError, match="no embedding model"):
        async with open_llama_embed(LlamaEmbedConfig(model=model)):
            pass
    async with open_llama_embed(LlamaEmbedConfig(model=model, pooling="mean", context=128)) as engine:
        await check_embed(engine, "switch the lamp off", "turn off the light", "what time is it")
        together = engine.embed(TEXTS)
        assert alike(together, [engine.embed([text])[0] for text in TEXTS]) > 0.999


async def test_a_model_that_ranks_is_refused(minilm: str, tmp_path: Path) -> None:
    file = str(write_minilm(Path(minilm), tmp_path / "ranks.gguf", PoolingType.RANK))
    with pytest.raises(ModelError, match="ranks"):
        async with open_llama_embed(LlamaEmbedConfig(model=file)):
            pass


async def test_a_model_of_sentences_is_no_chat_model(sentences: str) -> None:
    with pytest.raises(ModelError, match="no chat model") as caught:
        async with open_llama(LlamaConfig(model=sentences, context=256)):
            pass
    assert "llama-cpp-embed" in caught.value.hint


@pytest.fixture(scope="module")
def whole(sentences: str) -> bytes:
    return Path(sentences).read_bytes()


async def test_t16_a_file_that_is_missing_or_damaged_is_a_model_error(whole: bytes, tmp_path: Path) -> None:
    file = tmp_path / "damaged.gguf"
    with pytest.raises(ModelError, match="cannot be read"):
        async with open_llama_embed(LlamaEmbedConfig(model=str(file))):
            pass
    for damaged in (b"", b"text", whole[:1000], whole[: len(whole) // 2], whole[:-1]):
        file.write_bytes(damaged)
        with pytest.raises(ModelError, match=r"damaged\.gguf is not a usable GGUF file"):
            async with open_llama_embed(LlamaEmbedConfig(model=str(file))):
                pass
    file.write_bytes(whole.replace(b"blk.3.attn_q.weight", b"blk.3.attn_x.weight"))
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        async with open_llama_embed(LlamaEmbedConfig(model=str(file))):
            pass
    assert "attn_q" in str(caught.value) and caught.value.hint
    with pytest.raises(ModelError, match="no `model` is given"):
        async with open_llama_embed(LlamaEmbedConfig()):
            pass
