"""From a folder to a loaded model, with errors a person can act on. Nothing here reaches for the network."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ctranslate2
import tokenizers

from assistant import Build, EngineError, EngineUnavailable, ModelError, usable_cores

__all__ = ["build", "check_folder", "choose_device", "load_errors", "load_model", "load_tokenizer"]

log = logging.getLogger(__name__)


def check_folder(folder: Path) -> Path:
    """Return *folder* where it holds a whole model; raises ModelError that names the missing file."""
    if not folder.is_dir():
        raise ModelError(f"there is no folder {folder} with a Whisper model", hint=_fetch_again(folder))
    for names in (["model.bin"], ["config.json"], ["tokenizer.json"], ["vocabulary.txt", "vocabulary.json"]):
        if not any((folder / name).is_file() for name in names):
            raise ModelError(f"{folder / names[0]} is missing", hint=_fetch_again(folder))
    return folder


def build() -> Build:
    """Say whether CTranslate2 was built for CUDA, and finds a device: called in a process of its own."""
    try:
        ctranslate2.get_supported_compute_types("cuda")
    except ValueError:  # it was not compiled for it
        return Build(f"ctranslate2 {ctranslate2.__version__}")
    except RuntimeError:  # there is no device, or no driver
        return Build(f"ctranslate2 {ctranslate2.__version__}", ("cuda",))
    return Build(f"ctranslate2 {ctranslate2.__version__}", ("cuda",), ("cuda",))


def choose_device(device: str) -> str:
    """Return `cpu` or `cuda`; where CUDA is asked for and not there, that is said and the processor is taken."""
    devices = ctranslate2.get_cuda_device_count()
    if device == "cuda" and not devices:
        log.warning("device is cuda, but faster-whisper finds none: the processor does the work")
    return "cuda" if device != "cpu" and devices else "cpu"


def load_model(folder: Path, device: str, compute_type: str, threads: int) -> "ctranslate2.models.Whisper":
    """Load a model; raises ModelError for a damaged one, EngineError for arithmetic that the device cannot do."""
    if compute_type == "auto":
        compute_type = "float16" if device == "cuda" else "int8"
    with load_errors(folder, device):
        return ctranslate2.models.Whisper(
            str(folder), device=device, compute_type=compute_type, intra_threads=threads or max(1, usable_cores() - 1)
        )


def load_tokenizer(folder: Path) -> "tokenizers.Tokenizer":
    """Load the tokenizer of a model; raises ModelError for a damaged one, and for one of another kind of model."""
    file = folder / "tokenizer.json"
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(f"{file} cannot be read: {error}", hint=_fetch_again(folder)) from error
    if tokenizer.token_to_id("<|notimestamps|>") is None:
        raise ModelError(f"{file} is not of a Whisper model", hint=_fetch_again(folder))
    return tokenizer


@contextmanager
def load_errors(folder: Path, device: str) -> Iterator[None]:
    """Turn what CTranslate2 raises into what is wrong: a library of CUDA, the arithmetic, or a damaged model."""
    try:
        yield
    except ValueError as error:
        known = ", ".join(sorted(ctranslate2.get_supported_compute_types(device)))
        raise EngineError(f"faster-whisper: {error}", hint=f"set compute_type to auto, or to one of {known}") from error
    except RuntimeError as error:
        if device == "cuda" and any(word in str(error) for word in ("CUDA", "cuda", "libcu")):
            raise EngineUnavailable(
                f"faster-whisper cannot use CUDA: {error}",
                hint="install nvidia-cublas-cu12 and nvidia-cudnn-cu12 beside it, or set device: cpu",
            ) from error
        raise ModelError(f"{folder / 'model.bin'} cannot be loaded: {error}", hint=_fetch_again(folder)) from error


def _fetch_again(folder: Path) -> str:
    return f"try: assistant models pull {folder.name}"
