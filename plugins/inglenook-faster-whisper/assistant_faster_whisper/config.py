"""What can be set, and what a configuration can do before anything is loaded."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from assistant import Capabilities, EngineConfig, ModelRef
from assistant_faster_whisper import languages

__all__ = ["FasterWhisperConfig", "describe", "is_english_only", "suiting"]

ComputeType = Literal[
    "auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16", "float32"
]


class FasterWhisperConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `faster-whisper`."""

    model: ModelRef = "whisper-tiny.en"
    """A Whisper model in the format of CTranslate2: an id of the catalogue, or a folder with `model.bin`,
    `config.json`, `tokenizer.json` and a vocabulary. Where it is not set and not only English is spoken, it is
    `whisper-base`."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the model runs; `auto` takes a CUDA device where there is one."""
    compute_type: ComputeType = "auto"
    """Arithmetic of the model, see https://opennmt.net/CTranslate2/quantization.html; `auto` is `int8` on the CPU and
    `float16` on CUDA."""
    threads: Annotated[int, msgspec.Meta(ge=0)] = 0
    """CPU threads; 0 takes one for each physical core that the process may use but one, which the other stages of a
    turn have."""
    beam: Annotated[int, msgspec.Meta(ge=1, le=16)] = 5
    """Width of the beam search; 1 is the fastest."""
    language: str | None = None
    """BCP-47 tag of what is spoken where the caller does not say; without it a multilingual model finds out."""


def suiting(languages: Sequence[str]) -> Mapping[str, str]:
    """Return the model that knows *languages*, where the default one does not."""
    english = all(tag.lower().replace("_", "-").partition("-")[0] == "en" for tag in languages)
    return {} if english else {"model": "whisper-base"}


_PARAMETERS = {
    "tiny": 39,
    "base": 74,
    "small": 244,
    "medium": 769,
    "turbo": 809,
    "distil-small": 166,
    "distil-medium": 394,
    "distil-large": 756,
    "large": 1550,
}
"""Millions of parameters by the size in a model's name, from https://github.com/openai/whisper#available-models-and-languages
and https://huggingface.co/distil-whisper; a more special name comes after one that it contains."""

_RUNTIME = 115_000_000
"""Bytes that the libraries take, measured with tiny.en and base."""


def is_english_only(model: str) -> bool:
    """Return whether a model's id or path says that it knows English only."""
    return Path(model).name.endswith(".en")


def describe(config: FasterWhisperConfig) -> Capabilities:
    """Say what *config* can do, from the model's name."""
    english = is_english_only(config.model)
    return Capabilities(
        languages=("en",) if english else languages.TAGS,
        times=True,
        translates=not english,
        parallel=2,  # recordings take turns at each window, so a command need not wait for a long one
        memory=_memory(config),
    )


def _memory(config: FasterWhisperConfig) -> int:
    name = Path(config.model).name
    sizes = [millions for size, millions in _PARAMETERS.items() if size in name]
    width = 4 if config.compute_type.endswith("float32") else 2  # int8 is made from float16 while it is loaded
    return _RUNTIME + sizes[-1] * 1_000_000 * width if sizes else 0
