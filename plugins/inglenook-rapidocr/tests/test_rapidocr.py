import io
import re
import socket
from pathlib import Path

import numpy as np
import pytest
from assistant_rapidocr import RapidOcrConfig, assistant_engines, open_rapidocr
from assistant_rapidocr.picture import decoded
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from assistant import EngineError, Image, ImageError, TextLine, VisionTask, read_image
from assistant.testing import check_spec, check_vision

README = Path(__file__).parents[1] / "README.md"


def page(*lines: str, size: int = 40, turn: int = 0, ink: object = "black", ground: object = "white") -> Pillow.Image:
    """Draw lines of text."""
    picture = Pillow.new("RGBA" if isinstance(ground, tuple) else "RGB", (640, 70 * len(lines) + 40), ground)  # type: ignore[arg-type]
    pen = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        pen.text((30, 30 + 70 * row), line, fill=ink, font=ImageFont.load_default(size))  # type: ignore[arg-type]
    return picture.rotate(turn, expand=True)


def encoded(picture: Pillow.Image, form: str = "PNG", **options: object) -> Image:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return read_image(file.getvalue())


def texts(found: object) -> list[str]:
    assert isinstance(found, tuple)
    return [line.text for line in found if isinstance(line, TextLine)]


def test_spec() -> None:
    [spec] = assistant_engines()
    check_spec(spec)
    assert spec.describe(spec.config()).tasks == (VisionTask.TEXT,)


def test_readme_has_every_option() -> None:
    rows = set(re.findall(r"^\| `(\w+)`", README.read_text(), re.MULTILINE))
    assert rows == set(RapidOcrConfig.__struct_fields__)


async def test_reads_what_is_drawn_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it reaches for the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    async with open_rapidocr(RapidOcrConfig()) as reader:
        found = await check_vision(reader, VisionTask.TEXT, encoded(page("Turn off the oven", "Bus 42 at 17:05")))
        assert texts(found) == ["Turn off the oven", "Bus 42 at 17:05"]
        first, second = (line for line in found if isinstance(line, TextLine))
        assert first.box.bottom < second.box.top
        assert 20 < first.box.left < 40 < 300 < first.box.right < 400
        for form in ("JPEG", "WEBP"):
            assert texts(await reader.look(encoded(page("Turn off the oven"), form), VisionTask.TEXT)) == [
                "Turn off the oven"
            ]


async def test_a_picture_is_read_as_it_is_shown() -> None:
    lying = page("This side up", turn=90)
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be shown turned to the right
    shown = page("Ink on glass", ground=(0, 0, 0, 0))
    async with open_rapidocr(RapidOcrConfig()) as reader:
        found = await reader.look(encoded(lying, "JPEG", exif=exif.tobytes()), VisionTask.TEXT)
        assert texts(found) == ["This side up"]
        assert isinstance(found[0], TextLine) and found[0].box.right > 200, "the box is of the upright image"
        assert texts(await reader.look(encoded(shown), VisionTask.TEXT)) == ["Ink on glass"]
        turned = await reader.look(encoded(page("Upside down it goes", turn=180)), VisionTask.TEXT)
        assert texts(turned) == ["Upside down it goes"]


async def test_where_nothing_is_written_nothing_is_found() -> None:
    async with open_rapidocr(RapidOcrConfig()) as reader:
        for size in ((640, 480), (1, 1), (3000, 4)):
            assert await reader.look(encoded(Pillow.new("RGB", size, "white")), VisionTask.TEXT) == ()
        with pytest.raises(EngineError, match="does no object-detection"):
            await reader.look(encoded(page("x")), VisionTask.OBJECTS)


DAMAGED = {
    "a header alone": encoded(page("x")).data[:40],
    "another format": b"GIF89a" + bytes(100),
    "nothing": b"",
    "a JPEG that is cut off": encoded(page("x"), "JPEG").data[:-500],
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_told(case: str) -> None:
    with pytest.raises(ImageError, match="cannot be decoded"):
        decoded(Image(DAMAGED[case], "image/jpeg"))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixel_is_decoded(mode: str) -> None:
    image = Pillow.new(mode, (5, 3))
    pixels = decoded(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert pixels.shape == (3, 5, 3) and pixels.dtype == np.uint8
