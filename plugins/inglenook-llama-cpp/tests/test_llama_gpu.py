"""What goes to a GPU, and what happens where there is none; the build that is tested has none."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import llama_cpp
import pytest
from assistant_llama_cpp import LlamaConfig, LlamaEmbedConfig, assistant_engines, open_llama, open_llama_embed
from assistant_llama_cpp.gpu import layers

from assistant import Build

without_gpu = pytest.mark.skipif(llama_cpp.llama_supports_gpu_offload(), reason="this llama.cpp finds a GPU")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@without_gpu
def test_the_library_says_what_it_was_built_for() -> None:
    for spec in assistant_engines():
        assert spec.build
        assert spec.build() == Build(f"llama-cpp-python {llama_cpp.__version__}")


@without_gpu
@pytest.mark.parametrize("wanted", ["auto", 0])
async def test_a_gpu_that_nobody_asked_for_is_not_missed(
    model: str, wanted: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_llama(LlamaConfig(model=model, context=256, gpu_layers=wanted)):
        pass
    assert warnings(caplog) == []


@without_gpu
async def test_a_gpu_that_is_missing_is_said_once(model: str, caplog: pytest.LogCaptureFixture) -> None:
    async with open_llama(LlamaConfig(model=model, context=256, gpu_layers=-1)):
        pass
    (said,) = warnings(caplog)
    assert said.startswith("gpu_layers is -1, but llama.cpp finds no GPU")


@pytest.mark.parametrize(("wanted", "given"), [("auto", -1), (-1, -1), (12, 12), (0, 0)])
def test_with_a_gpu_all_goes_there_or_what_is_asked_for(
    wanted: Any, given: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_cpp, "llama_supports_gpu_offload", lambda: True)
    assert layers(LlamaConfig(gpu_layers=wanted)) == given


def opened(engine: str, model: str) -> AbstractAsyncContextManager[object]:
    if engine == "llama-cpp":
        return open_llama(LlamaConfig(model=model, context=256))
    return open_llama_embed(LlamaEmbedConfig(model=model, context=256, pooling="mean"))


@pytest.mark.parametrize("engine", ["llama-cpp", "llama-cpp-embed"])
async def test_a_model_that_does_not_fit_on_the_gpu_is_computed_by_the_processor(
    engine: str, model: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    load, asked = llama_cpp.llama_model_load_from_file, []

    def too_small(path: bytes, params: Any) -> Any:
        asked.append(params.n_gpu_layers)
        return None if params.n_gpu_layers else load(path, params)

    monkeypatch.setattr(llama_cpp, "llama_supports_gpu_offload", lambda: True)
    monkeypatch.setattr(llama_cpp, "llama_model_load_from_file", too_small)
    async with opened(engine, model):
        pass
    assert asked == [-1, 0]
    (said,) = warnings(caplog)
    assert "the processor does the work" in said
