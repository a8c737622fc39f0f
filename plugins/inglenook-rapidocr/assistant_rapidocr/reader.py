"""The engine: an image in, its lines of text out."""

from typing import Any

import numpy as np
from rapidocr import RapidOCR

from assistant import Box, Finding, Image, TextLine, UnfitRequest, VisionTask, in_thread, usable_cores
from assistant_rapidocr import RapidOcrConfig
from assistant_rapidocr.picture import Pixels, decoded

__all__ = ["Reader"]

_SOUGHT = 1280
"""Pixels of the longer side of the picture in which lines are sought; they are read in the larger one. RapidOCR's own
choice enlarges a note of 700 x 200 pixels to 2576 x 736, and takes 2.5 s for it instead of 0.1 s; of two drawn pages it
reads fewer lines right (26 of 40 and 60 of 60, not 35 and 60)."""
_SHORTEST = 32
"""Pixels of the shorter side, and how many times as long the longer one may be."""


class Reader:
    """Read text: find its lines, turn those that stand on their head, read each."""

    def __init__(self, config: RapidOcrConfig) -> None:
        self._confidence = config.confidence
        self._ocr = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.max_side_len": config.longest_side,
                "Global.use_cls": config.upside_down,
                "Det.limit_type": "max",
                "Det.limit_side_len": _SOUGHT,
                "EngineConfig.onnxruntime.intra_op_num_threads": config.threads or usable_cores(),
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        self._ocr(np.full((64, 64, 3), 255, np.uint8))  # it loads its models with the first image

    async def look(self, image: Image, task: VisionTask, confidence: float | None = None) -> tuple[Finding, ...]:
        """Return the lines from top to bottom, those of one height from left to right.

        Raises ImageError where *image* cannot be decoded, UnfitRequest for another task than `ocr`.
        """
        if task is not VisionTask.TEXT:
            raise UnfitRequest(f"rapidocr does no {task}", hint="it reads text: ask for ocr")
        least = self._confidence if confidence is None else confidence
        return await in_thread(lambda: self._read(image, least))

    def _read(self, image: Image, least: float) -> tuple[TextLine, ...]:
        pixels = decoded(image)
        height, width = pixels.shape[:2]
        # It takes blue first. What is added below and on the right moves nothing.
        found: Any = self._ocr(_padded(pixels)[:, :, ::-1].copy(), text_score=0.0)
        if not getattr(found, "txts", None):
            return ()
        lines = zip(found.txts, found.scores, found.boxes, strict=True)
        return tuple(
            TextLine(text, float(score), _box(corners, width, height))
            for text, score, corners in lines
            if score >= least
        )


def _padded(pixels: Pixels) -> Pixels:
    """Return *pixels* without a side so short that RapidOCR would scale it to nothing."""
    height, width = pixels.shape[:2]
    least = max(_SHORTEST, max(height, width) // _SHORTEST)
    missing = [(0, max(0, least - height)), (0, max(0, least - width)), (0, 0)]
    return np.pad(pixels, missing, constant_values=255)


def _box(corners: Any, width: int, height: int) -> Box:
    """Return the upright rectangle around four *corners* `[4, 2]`, as far as it lies within the image."""
    (left, top), (right, bottom) = np.min(corners, 0), np.max(corners, 0)
    return Box(
        max(0.0, float(left)), max(0.0, float(top)), min(float(width), float(right)), min(float(height), float(bottom))
    )
