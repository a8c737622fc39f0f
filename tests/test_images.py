"""What an image file says of itself is read before anything decodes it, and believed in nothing."""

import random
import struct

import pytest

from assistant import ImageError, ImageTooLarge, UnknownImage, read_image
from assistant.images import BYTES, ImageHeader, read_header
from tests.pictures import png


def jpeg(width: int, height: int, before: bytes = b"") -> bytes:
    frame = struct.pack(">BHBHHB", 0xC0, 11, 8, height, width, 1) + bytes(3)
    return b"\xff\xd8" + before + b"\xff" + frame + b"\xff\xda"


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def webp(kind: bytes, data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


LOSSY = webp(b"VP8 ", b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<2H", 300 | 0x4000, 200))
LOSSLESS = webp(b"VP8L", b"\x2f" + struct.pack("<I", 299 | 199 << 14 | 1 << 28))
EXTENDED = webp(b"VP8X", bytes(4) + (299).to_bytes(3, "little") + (199).to_bytes(3, "little"))
THUMBNAIL = segment(0xE1, b"Exif\0\0" + jpeg(9, 9))

GOOD = {
    "png": (png(300, 200), "image/png"),
    "jpeg": (jpeg(300, 200), "image/jpeg"),
    "jpeg with a thumbnail": (jpeg(300, 200, THUMBNAIL), "image/jpeg"),
    "jpeg with fill bytes": (jpeg(300, 200, segment(0xE0, b"JFIF") + b"\xff\xff"), "image/jpeg"),
    "jpeg with tables": (jpeg(300, 200, segment(0xC4, bytes(20)) + segment(0xDB, bytes(65))), "image/jpeg"),
    "webp, lossy": (LOSSY, "image/webp"),
    "webp, lossless": (LOSSLESS, "image/webp"),
    "webp, extended": (EXTENDED, "image/webp"),
}


@pytest.mark.parametrize("case", GOOD)
def test_format_and_size_are_told(case: str) -> None:
    data, mime_type = GOOD[case]
    assert read_header(data) == ImageHeader(mime_type, 300, 200)
    assert read_image(data).mime_type == mime_type


@pytest.mark.parametrize("data", [b"", b"GIF89a" + bytes(50), b"BM" + bytes(50), b"<svg/>", b"RIFF____WAVEfmt "])
def test_another_format_is_told(data: bytes) -> None:
    with pytest.raises(UnknownImage, match="no JPEG, PNG or WebP") as error:
        read_image(data)
    assert error.value.hint


def test_t8_a_bomb_is_refused_by_its_header_alone() -> None:
    with pytest.raises(ImageTooLarge, match="50000 x 50000 pixels"):
        read_image(png(50_000, 50_000, rows=b""))
    with pytest.raises(ImageTooLarge, match="65535 x 65535"):
        read_image(jpeg(65_535, 65_535))
    with pytest.raises(ImageTooLarge, match="20 MB"):
        read_image(png(3, 3) + bytes(BYTES))


@pytest.mark.parametrize(
    "data",
    [
        png(0, 7),
        jpeg(7, 0),
        png(3, 3)[:20],
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xda" + bytes(40),
        b"\xff\xd8\xff\xe0\x00\x00" + bytes(40),
        b"\xff\xd8" + segment(0xE0, b"JFIF"),
        webp(b"ICCP", bytes(40)),
        LOSSY[:20],
        EXTENDED[:29],
    ],
)
def test_t8_a_header_without_sense_is_told(data: bytes) -> None:
    with pytest.raises(ImageError):
        read_image(data)


def test_t8_noise_is_an_error_or_a_size() -> None:
    dice = random.Random(3)
    for _ in range(5000):
        noise = bytearray(dice.choice(list(GOOD.values()))[0])
        for _ in range(dice.randrange(1, 5)):
            noise[dice.randrange(len(noise))] = dice.randrange(256)
        try:
            header = read_header(bytes(noise[: dice.randrange(len(noise)) + 1]))
        except ImageError:
            continue
        assert header.width > 0 and header.height > 0
