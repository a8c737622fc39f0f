"""Objects by NanoDet: where the 80 kinds of things of the COCO data set are.

RangiLyu/nanodet, the model `nanodet-m` for 416 pixels. For each cell of three grids it tells how likely each kind is,
and, for each of the four sides of a box, a distribution over eleven distances from the middle of the cell (generalised
focal loss; Li et al., NeurIPS 2020).
"""

from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from assistant import Box, DetectedObject, Finding, Image, UnfitRequest, VisionTask, in_thread
from assistant_vision_onnx import NanoDetConfig
from assistant_vision_onnx.coco import LABELS
from assistant_vision_onnx.picture import Pixels, decoded
from assistant_vision_onnx.session import Floats, Session
from assistant_vision_onnx.tfjs import read_graph_model

__all__ = ["NanoDet"]

SIDE = 416
"""Pixels of either side of what the model is shown."""
STRIDES = (8, 16, 32)
"""Pixels of a cell in each of the three grids."""
OUTPUTS = ("Identity", "Identity_3", "Identity_1", "Identity_4", "Identity_2", "Identity_5")
"""Kinds and sides of each grid."""
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
"""Of blue, green and red over the images that it was trained with (its configuration, `normalize`)."""
OVERLAP = 0.6
"""Intersection over union from which two boxes of one kind are one thing (its configuration, `nms`)."""


class NanoDet:
    """Find objects."""

    def __init__(self, path: Path, config: NanoDetConfig) -> None:
        """Load *path*; raises ModelError where it is missing or another model."""
        self._config = config
        self._session = Session(read_graph_model(path, OUTPUTS), config.threads)

    async def look(self, image: Image, task: VisionTask, confidence: float | None = None) -> tuple[Finding, ...]:
        """Return the objects, the surest first.

        Raises ImageError where *image* cannot be decoded, UnfitRequest for another task than `object-detection`.
        """
        if task is not VisionTask.OBJECTS:
            raise UnfitRequest(f"nanodet does no {task}", hint="it finds objects: ask for object-detection")
        least = self._config.confidence if confidence is None else confidence
        return await in_thread(lambda: self._find(decoded(image), least))

    def _find(self, pixels: Pixels, least: float) -> tuple[DetectedObject, ...]:
        height, width = pixels.shape[:2]
        scale = SIDE / max(height, width)
        results = self._session(_shown(pixels, scale))
        grids = zip(STRIDES, results[::2], results[1::2], strict=True)
        boxes, scores = zip(*((_boxes(sides[0], stride), kinds[0]) for stride, kinds, sides in grids), strict=True)
        corners = np.clip(np.concatenate(boxes) / scale, 0, [width, height, width, height])
        found = _distinct(corners, np.concatenate(scores), max(least, 0.01))
        return tuple(
            DetectedObject(LABELS[kind], float(score), Box(*map(float, corners[place])))
            for score, place, kind in found[: self._config.most]
        )


def _shown(pixels: Pixels, scale: float) -> Floats:
    """Return what the model takes `[1, 3, SIDE, SIDE]`: scaled to fit in the upper left corner, blue first."""
    height, width = pixels.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    resized = np.asarray(Pillow.fromarray(pixels).resize(size, Pillow.Resampling.BILINEAR, reducing_gap=2.0))
    shown = np.zeros((SIDE, SIDE, 3), np.float32)  # of the mean colour around the image
    shown[: size[1], : size[0]] = (resized[:, :, ::-1] - MEAN) / DEVIATION
    return shown.transpose(2, 0, 1)[None].copy()


def _boxes(sides: Floats, stride: int) -> Floats:
    """Return the boxes of a grid, left, top, right and bottom in pixels `[cells, 4]`."""
    logits = sides.reshape(len(sides), 4, -1)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    distances = (weights @ np.arange(logits.shape[-1]) / weights.sum(-1)) * stride
    cells = SIDE // stride
    middles = (np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), -1).reshape(-1, 2) + 0.5) * stride
    return np.concatenate([middles - distances[:, :2], middles + distances[:, 2:]], 1).astype(np.float32)


def _distinct(boxes: Floats, scores: Floats, least: float) -> list[tuple[float, int, int]]:
    """Return score, place and kind of what scores at least *least*, the surest first, each thing once."""
    wide = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    places, kinds = np.nonzero((scores >= least) & wide[:, None])
    kept: list[tuple[float, int, int]] = []
    for n in np.argsort(-scores[places, kinds], kind="stable")[:1000]:
        place, kind = int(places[n]), int(kinds[n])
        rivals = [other for _, other, same in kept if same == kind]
        if not rivals or _overlap(boxes[place], boxes[rivals]).max() <= OVERLAP:
            kept.append((float(scores[place, kind]), place, kind))
    return kept


def _overlap(box: Floats, others: Floats) -> Floats:
    """Return the intersection over union of *box* with each of *others*."""
    corners = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.clip(corners[1] - corners[0], 0, None).prod(1)
    areas = (others[:, 2:] - others[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    return np.asarray(common / (areas - common), np.float32)
