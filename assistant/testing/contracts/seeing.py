"""What engines do that see."""

from assistant.engines import Vision
from assistant.errors import EngineError, ImageError
from assistant.images import read_header, read_image
from assistant.testing.contracts.promises import check_wire
from assistant.vision import Box, DetectedObject, Finding, Image, ImageClass, Segment, TextLine, VisionTask

__all__ = ["check_vision"]


_FOUND: dict[VisionTask, type] = {
    VisionTask.OBJECTS: DetectedObject,
    VisionTask.TEXT: TextLine,
    VisionTask.CLASSES: ImageClass,
    VisionTask.SEGMENTS: Segment,
}


async def check_vision(engine: Vision, task: VisionTask, image: Image) -> tuple[Finding, ...]:
    """Check that *engine* finds something in *image*, an upright one: within it, sorted, no less sure than is asked.

    A file that is cut off must be told, and the engine must go on after it; so must a task that it cannot do.
    """
    assert isinstance(engine, Vision)
    found = await engine.look(image, task)
    assert found, "nothing is found"
    assert all(type(finding) is _FOUND[task] for finding in found), f"{task} finds {found}"
    assert all(0 <= finding.confidence <= 1 for finding in found), "a confidence is no probability"
    header = read_header(image.data)
    for finding in found:
        check_wire(finding)
        if not isinstance(finding, ImageClass):
            _check_box(finding.box, header.width, header.height)
        if isinstance(finding, Segment):
            mask = read_header(read_image(finding.mask.data).data)
            assert (mask.width, mask.height) == (header.width, header.height), "the mask has another size"
    scores = [finding.confidence for finding in found]
    if task is not VisionTask.TEXT:
        assert scores == sorted(scores, reverse=True), "the surest does not come first"
    for least in (min(scores), max(scores)):
        sure = await engine.look(image, task, least)
        assert sure and all(finding.confidence >= least for finding in sure), "the confidence is not heeded"
    try:
        await engine.look(Image(image.data[: len(image.data) // 2], image.mime_type), task)
    except ImageError:
        pass
    else:
        raise AssertionError("a file that is cut off is taken for a whole image")
    for other in VisionTask:
        try:
            await engine.look(image, other)
        except EngineError:
            assert other is not task, "a task that it has just done is refused"
    assert await engine.look(image, task) == found, "the same image gives something else"
    return found


def _check_box(box: Box, width: int, height: int) -> None:
    assert 0 <= box.left < box.right <= width, f"{box} is not within {width} pixels of width"
    assert 0 <= box.top < box.bottom <= height, f"{box} is not within {height} pixels of height"
