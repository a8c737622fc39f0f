"""From an encoded image to pixels."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageOps

from assistant import Image, ImageError

__all__ = ["Pixels", "decoded"]

# Much as in inglenook-rapidocr: plugins share nothing but the core, and the core decodes no images.

Pixels = npt.NDArray[np.uint8]
"""Rows, columns, and red, green and blue from 0 to 255."""


def decoded(image: Image) -> Pixels:
    """Return the pixels of *image* `[height, width, 3]`, upright, on white where it is transparent.

    Raises ImageError for a file that is damaged or no JPEG, PNG or WebP. How large it is was checked before by its
    header (`assistant.read_image`).
    """
    try:
        with Pillow.open(io.BytesIO(image.data), formats=("JPEG", "PNG", "WEBP")) as file:
            upright = ImageOps.exif_transpose(file)
        if upright.has_transparency_data:
            ground = Pillow.new("RGBA", upright.size, "white")
            upright = Pillow.alpha_composite(ground, upright.convert("RGBA"))
        return np.asarray(upright.convert("RGB"))
    except Exception as error:  # a damaged file makes Pillow raise almost anything
        raise ImageError(f"the {image.mime_type} cannot be decoded: {error}", hint="send the whole file") from None
