"""Whether Piper's library computes on an NVIDIA GPU. Imports ONNX Runtime when it is asked."""

import logging
from pathlib import Path

from assistant import Build

__all__ = ["CUDA", "build", "use_cuda"]

log = logging.getLogger(__name__)

CUDA = "CUDAExecutionProvider"
"""What ONNX Runtime calls it."""


def build() -> Build:
    """Say whether ONNX Runtime was built for CUDA, and whether there is a device."""
    import onnxruntime

    library = f"onnxruntime {onnxruntime.__version__}"
    if CUDA not in onnxruntime.get_available_providers():
        return Build(library)
    return Build(library, ("cuda",), ("cuda",) if any(Path("/dev").glob("nvidia[0-9]*")) else ())


def use_cuda(wanted: bool | None) -> bool:
    """Tell whether to try CUDA: where ONNX Runtime has it, unless *wanted* is False; warn where it is missing."""
    import onnxruntime

    there = CUDA in onnxruntime.get_available_providers()
    if wanted and not there:
        log.warning(
            "cuda is true, but this ONNX Runtime was built without it: the processor does the work "
            "(install onnxruntime-gpu in the place of onnxruntime)"
        )
    return there and wanted is not False
