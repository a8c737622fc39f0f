"""Persons by MediaPipe's selfie segmentation: which pixels belong to somebody near the camera."""

import io
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from assistant import Box, Finding, Image, Segment, UnfitRequest, VisionTask, in_thread
from assistant_vision_onnx import SelfieConfig
from assistant_vision_onnx.picture import Pixels, decoded
from assistant_vision_onnx.session import Floats, Session
from assistant_vision_onnx.tfjs import read_graph_model

__all__ = ["Selfie"]

SIDE = 256
"""Pixels of either side of what the model is shown: the whole image, whatever its shape."""
OUTPUTS = ("activation_10",)
"""The probability of each pixel."""


class Selfie:
    """Find the pixels of persons. It does not tell one from another."""

    def __init__(self, path: Path, config: SelfieConfig) -> None:
        """Load *path*; raises ModelError where it is missing or another model."""
        self._config = config
        self._session = Session(read_graph_model(path, OUTPUTS), config.threads)

    async def look(self, image: Image, task: VisionTask, confidence: float | None = None) -> tuple[Finding, ...]:
        """Return one segment, or none where nobody is seen.

        Raises ImageError where *image* cannot be decoded, UnfitRequest for another task than `image-segmentation`.
        """
        if task is not VisionTask.SEGMENTS:
            raise UnfitRequest(f"selfie-segmentation does no {task}", hint="ask for image-segmentation")
        return await in_thread(lambda: self._find(decoded(image), confidence or 0.0))

    def _find(self, pixels: Pixels, least: float) -> tuple[Segment, ...]:
        height, width = pixels.shape[:2]
        whole = Pillow.fromarray(pixels).resize((SIDE, SIDE), Pillow.Resampling.BILINEAR, reducing_gap=2.0)
        shown: Floats = np.asarray(whole, np.float32)[None] / np.float32(255)
        (likely,) = self._session(shown)
        sized = Pillow.fromarray(likely.reshape(SIDE, SIDE)).resize((width, height), Pillow.Resampling.BILINEAR)
        sure = np.asarray(sized)
        inside = sure >= self._config.confidence
        if inside.mean() <= self._config.smallest or sure[inside].mean() < least:
            return ()
        rows, columns = np.nonzero(inside.any(1))[0], np.nonzero(inside.any(0))[0]
        box = Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
        confidence = min(1.0, float(sure[inside].mean(dtype=np.float64)))
        return (Segment("person", confidence, box, float(inside.mean()), _png(inside.astype(np.uint8) * 255)),)


def _png(mask: Pixels) -> Image:
    file = io.BytesIO()
    Pillow.fromarray(mask).save(file, "PNG")
    return Image(file.getvalue(), "image/png")
