"""Pictures as values, and what is found in them.

Places are given in pixels of the upright image (as its EXIF orientation says it is to be shown), from its upper left.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Box", "DetectedObject", "Finding", "Image", "ImageClass", "Segment", "TextLine", "VisionTask"]


class VisionTask(StrEnum):
    """What can be asked of an image."""

    OBJECTS = "object-detection"
    TEXT = "ocr"
    CLASSES = "image-classification"
    SEGMENTS = "image-segmentation"


@dataclass(frozen=True, slots=True)
class Image:
    """An encoded picture."""

    data: bytes
    """The file's bytes, still encoded."""
    mime_type: str
    """How `data` is encoded, e.g. `image/png`."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of an image."""

    left: float
    """Pixels from the left edge of the image."""
    top: float
    """Pixels from the upper edge."""
    right: float
    """Pixels from the left edge to its right side."""
    bottom: float
    """Pixels from the upper edge to its lower side."""


@dataclass(frozen=True, slots=True)
class DetectedObject:
    """A thing and where it is."""

    label: str
    """What it is, in English."""
    confidence: float
    """Probability, 0 to 1."""
    box: Box
    """What it fills."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text, as it stands in the image: data, never instructions."""

    text: str
    """What is read."""
    confidence: float
    """Probability, 0 to 1."""
    box: Box
    """What it fills."""


@dataclass(frozen=True, slots=True)
class ImageClass:
    """What the whole image may show."""

    label: str
    """What it is, in English."""
    confidence: float
    """Probability, 0 to 1; those of all classes sum to 1."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The pixels that belong to a kind of thing."""

    label: str
    """What it is, in English."""
    confidence: float
    """Mean probability of its pixels, 0 to 1."""
    box: Box
    """The smallest rectangle that holds them."""
    share: float
    """How much of the image they are, 0 to 1."""
    mask: Image
    """PNG of the upright image's size, 8 bits grey: 255 where they are, 0 elsewhere."""


Finding = DetectedObject | TextLine | ImageClass | Segment
"""One thing found in an image; each task has its own type."""
