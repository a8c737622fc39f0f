"""What an image file says of itself, read before anything decodes it: its format and its size.

Formats: PNG (https://www.w3.org/TR/png-3/), JPEG (ITU-T T.81, annex B), WebP (RFC 9649).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from assistant.errors import ImageError, ImageTooLarge, UnknownImage
from assistant.vision import Image

__all__ = ["BYTES", "PIXELS", "ImageHeader", "read_header", "read_image"]

BYTES = 20_000_000
"""Bytes that an image may have."""
PIXELS = 40_000_000
"""Pixels that an image may have: decoded they take 120 MB."""

_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG file that begin a frame and tell its size."""
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers of a JPEG file that have no segment."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the first bytes of an image say."""

    mime_type: str
    """Its format, e.g. `image/png`."""
    width: int
    """Pixels of a row, as stored."""
    height: int
    """Rows, as stored."""


def read_image(data: bytes) -> Image:
    """Take *data* for an image if it says that it is one that can be looked at.

    Raises UnknownImage for what is neither JPEG nor PNG nor WebP, ImageTooLarge for more than `BYTES` bytes or `PIXELS`
    pixels, ImageError for a header that is cut off or makes no sense.
    """
    if len(data) > BYTES:
        raise ImageTooLarge(f"the image has more than {BYTES // 1_000_000} MB", hint="send a smaller one")
    header = read_header(data)
    if header.width * header.height > PIXELS:
        raise ImageTooLarge(
            f"the image has {header.width} x {header.height} pixels, more than {PIXELS // 1_000_000} million",
            hint="send a smaller one",
        )
    return Image(data, header.mime_type)


def read_header(data: bytes) -> ImageHeader:
    """Return the format and size that *data* tells; raises UnknownImage and ImageError."""
    mime_type, size = _format(data)
    try:
        width, height = size(data)
    except (struct.error, IndexError):
        raise ImageError(f"the {mime_type} ends within its header", hint="send the whole file") from None
    if not (width and height):
        raise ImageError(f"the {mime_type} has {width} x {height} pixels", hint="send another image")
    return ImageHeader(mime_type, width, height)


def _format(data: bytes) -> tuple[str, Callable[[bytes], tuple[int, int]]]:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", _png
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", _jpeg
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp", _webp
    raise UnknownImage("this is no JPEG, PNG or WebP image", hint="convert it to one of these")


def _png(data: bytes) -> tuple[int, int]:
    kind, width, height = struct.unpack_from(">4s2I", data, 12)
    if kind != b"IHDR":
        raise ImageError("the image/png does not begin with its header", hint="send another image")
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ImageError("the image/jpeg has no marker where one must be", hint="send another image")
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _SIZES:
            height, width = struct.unpack_from(">2H", data, at + 5)
            return width, height
        elif marker in (0xD9, 0xDA):
            raise ImageError("the image/jpeg does not tell its size", hint="send another image")
        else:
            at += 2 if marker in _ALONE else 2 + max(2, struct.unpack_from(">H", data, at + 2)[0])


def _webp(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<2H", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(_three(data, 24), "little") + 1, int.from_bytes(_three(data, 27), "little") + 1
        case _:
            raise ImageError("the image/webp begins with an unknown chunk", hint="send another image")


def _three(data: bytes, at: int) -> bytes:
    return bytes(struct.unpack_from("3B", data, at))
