"""The three engines on real models and real photographs, which come with scikit-image."""

import io
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from assistant_vision_onnx import EfficientNetConfig, NanoDetConfig, SelfieConfig, assistant_engines
from assistant_vision_onnx.coco import LABELS
from PIL import Image as Pillow

from assistant import (
    DetectedObject,
    EngineError,
    EngineSpec,
    Image,
    ImageClass,
    ImageError,
    ModelError,
    Segment,
    Vision,
    VisionTask,
    read_image,
)
from assistant.testing import check_spec, check_vision, model_path

README = Path(__file__).parents[1] / "README.md"
SPECS: dict[str, EngineSpec[Any, Vision]] = {spec.name: spec for spec in assistant_engines()}
MODELS = {
    "nanodet": "nanodet-416",
    "efficientnet-lite": "efficientnet-lite0",
    "selfie-segmentation": "selfie-segmentation",
}


def opened(name: str, **options: Any) -> Any:
    spec = SPECS[name]
    return spec.open(spec.config(model=options.pop("model", model_path(MODELS[name])), **options))


def photograph(name: str) -> Pillow.Image:
    """Return one of scikit-image's: astronaut and camera show a person, chelsea a cat, coffee a cup, brick a wall."""
    return Pillow.fromarray(getattr(skimage.data, name)()).convert("RGB")


def encoded(picture: Pillow.Image, form: str = "PNG", **options: Any) -> Image:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return read_image(file.getvalue())


def objects(found: Any) -> list[str]:
    return [thing.label for thing in found if isinstance(thing, DetectedObject)]


@pytest.mark.parametrize("name", SPECS)
def test_spec(name: str) -> None:
    check_spec(SPECS[name])
    assert len(SPECS[name].describe(SPECS[name].config()).tasks) == 1


@pytest.mark.parametrize("config", [NanoDetConfig, EfficientNetConfig, SelfieConfig])
def test_readme_has_every_option(config: type[Any]) -> None:
    name = config.__doc__.split("`")[1]  # type: ignore[union-attr]
    section = README.read_text().split(f"## Engine `{name}`")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == set(config.__struct_fields__)


async def test_objects_are_found_where_they_are() -> None:
    async with opened("nanodet") as engine:
        found = await check_vision(engine, VisionTask.OBJECTS, encoded(photograph("astronaut")))
        assert objects(found) == ["person"]
        person = found[0]
        assert isinstance(person, DetectedObject) and person.confidence > 0.6
        assert person.box.left < 60 and 300 < person.box.right < 480 and person.box.bottom > 480

        both = Pillow.new("RGB", (1000, 500), "white")
        both.paste(photograph("camera").resize((500, 500)), (0, 0))
        both.paste(photograph("chelsea").resize((500, 333)), (500, 80))
        man, cat = await _first(engine, both, "person"), await _first(engine, both, "cat")
        assert man.box.right < 500 < cat.box.right and cat.box.left > 450
        assert objects(await engine.look(encoded(photograph("brick")), VisionTask.OBJECTS, 0.6)) == []


async def _first(engine: Vision, picture: Pillow.Image, label: str) -> DetectedObject:
    found = await engine.look(encoded(picture, "JPEG"), VisionTask.OBJECTS, 0.2)
    return next(thing for thing in found if isinstance(thing, DetectedObject) and thing.label == label)


async def test_a_thing_is_found_once_and_the_surest_come_first() -> None:
    async with opened("nanodet", most=3) as engine:
        found = await engine.look(encoded(photograph("camera")), VisionTask.OBJECTS, 0.0)
        assert objects(found)[0] == "person" and len(found) == 3
        sizes = ((1, 1), (3000, 2), (7, 900))
        for size in sizes:
            await engine.look(encoded(Pillow.new("RGB", size)), VisionTask.OBJECTS, 0.0)


async def test_kinds_are_told() -> None:
    async with opened("efficientnet-lite") as engine:
        found = await check_vision(engine, VisionTask.CLASSES, encoded(photograph("chelsea")))
        assert [kind.label for kind in found if isinstance(kind, ImageClass)][:2] == ["tiger cat", "Egyptian cat"]
        [coffee] = await engine.look(encoded(photograph("coffee"), "JPEG"), VisionTask.CLASSES, 0.5)
        assert isinstance(coffee, ImageClass) and coffee.label == "espresso"
        whole = await engine.look(encoded(photograph("coffee")), VisionTask.CLASSES, 0.0)
        assert len(whole) == 5 and sum(kind.confidence for kind in whole) <= 1


async def test_persons_are_cut_out() -> None:
    async with opened("selfie-segmentation") as engine:
        found = await check_vision(engine, VisionTask.SEGMENTS, encoded(photograph("camera")))
        [person] = found
        assert isinstance(person, Segment) and person.label == "person" and 0.2 < person.share < 0.5
        with Pillow.open(io.BytesIO(person.mask.data)) as file:
            mask = np.asarray(file)
        assert mask.shape == (512, 512) and set(np.unique(mask)) == {0, 255}
        assert mask[300, 150] == 255 and mask[60, 450] == 0, "the man is on the left, the sky on the right"
        assert (mask == 255).mean() == pytest.approx(person.share)
        rows, columns = np.nonzero(mask)
        box = person.box
        assert (box.left, box.top) == (columns.min(), rows.min())
        assert (box.right, box.bottom) == (columns.max() + 1, rows.max() + 1)
        assert await engine.look(encoded(photograph("rocket")), VisionTask.SEGMENTS) == ()
        assert await engine.look(encoded(photograph("camera")), VisionTask.SEGMENTS, 0.999) == ()


async def test_a_picture_is_looked_at_as_it_is_shown() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be shown turned to the right
    lying = encoded(photograph("camera").crop((0, 0, 400, 512)).rotate(90, expand=True), "JPEG", exif=exif.tobytes())
    async with opened("nanodet") as engine, opened("selfie-segmentation") as persons:
        found = await engine.look(lying, VisionTask.OBJECTS)
        assert objects(found) == ["person"] and isinstance(found[0], DetectedObject) and found[0].box.bottom > 480
        [person] = await persons.look(lying, VisionTask.SEGMENTS)
        assert isinstance(person, Segment)
        with Pillow.open(io.BytesIO(person.mask.data)) as mask:
            assert mask.size == (400, 512)


@pytest.mark.parametrize("name", SPECS)
async def test_a_damaged_image_and_another_task_are_told(name: str) -> None:
    async with opened(name) as engine:
        with pytest.raises(ImageError, match="cannot be decoded"):
            task = SPECS[name].describe(SPECS[name].config()).tasks[0]
            await engine.look(Image(b"\x89PNG\r\n\x1a\n", "image/png"), task)
        with pytest.raises(EngineError, match="does no ocr"):
            await engine.look(encoded(Pillow.new("RGB", (9, 9))), VisionTask.TEXT)


@pytest.mark.parametrize("name", SPECS)
async def test_a_missing_model_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file") as error:
        async with opened(name, model=str(tmp_path / "none.json")):
            pass
    assert str(tmp_path) in str(error.value) and error.value.hint


async def test_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a usable graph model"):
        async with opened("selfie-segmentation", model=model_path("nanodet-416")):
            pass
    shutil.copytree(model_path("efficientnet-lite0"), tmp_path / "e")
    (tmp_path / "e" / "imagenet_synsets.txt").write_text("n01440764\n")
    with pytest.raises(ModelError, match="has 1 names"):
        async with opened("efficientnet-lite", model=str(tmp_path / "e")):
            pass


def test_the_kinds_of_coco_are_eighty() -> None:
    assert len(set(LABELS)) == 80
