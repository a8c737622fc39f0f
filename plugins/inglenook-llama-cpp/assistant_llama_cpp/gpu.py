"""What the installed llama.cpp computes on, and how much of a model goes to the GPU."""

import logging
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from assistant import Build
from assistant_llama_cpp.config import LlamaConfig, LlamaEmbedConfig

__all__ = ["build", "layers"]

log = logging.getLogger(__name__)

_BACKENDS = {"cuda": "cuda", "hip": "rocm", "vulkan": "vulkan", "metal": "metal"}
"""Interfaces to GPUs by the names of llama.cpp's libraries for them."""
_ALL = -1


def build() -> Build:
    """Say what llama.cpp was built for, by the libraries that lie in its package, and whether it finds a GPU."""
    spec = find_spec("llama_cpp")
    folder = Path(spec.origin).parent / "lib" if spec and spec.origin else Path()
    names = {file.name.removeprefix("libggml-").partition(".")[0] for file in folder.glob("libggml-*")}
    built_for = tuple(interface for name, interface in _BACKENDS.items() if name in names)
    return Build(f"llama-cpp-python {version('llama-cpp-python')}", built_for, built_for if _finds_gpu() else ())


def layers(config: LlamaConfig | LlamaEmbedConfig) -> int:
    """Return the layers to put on the GPU: those that are asked for, or by themselves all, where there is one."""
    if config.gpu_layers == 0:
        return 0
    if _finds_gpu():
        return _ALL if config.gpu_layers == "auto" else config.gpu_layers
    if config.gpu_layers != "auto":
        log.warning(
            "gpu_layers is %d, but llama.cpp finds no GPU: it was built without one, or the driver is missing "
            "(`assistant hardware` tells); the processor does the work",
            config.gpu_layers,
        )
    return 0


def _finds_gpu() -> bool:
    import llama_cpp

    return bool(llama_cpp.llama_supports_gpu_offload())
