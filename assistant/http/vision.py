"""`/api/vision/`: what vision models find in an image, as JSON. docs/http.md describes the fields."""

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web

from assistant.access import Scope
from assistant.chat import Priority
from assistant.engines import Kind
from assistant.errors import ImageTooLarge
from assistant.host import Host
from assistant.http.problem import Problem
from assistant.http.route import Route
from assistant.images import BYTES, read_image
from assistant.vision import Finding, Image, Segment, VisionTask

__all__ = ["VisionDoor"]

_FIELD = 200
"""Bytes of a field that is no image."""
_FRAMING = 10_000
"""Bytes of a body beside the image: the other fields, and what multipart puts around them."""
_ARRIVAL = 60.0
"""Seconds in which the body must have come."""
_PATIENCE = 60.0
"""Seconds in which the model must have looked, its turn awaited."""
_MOST = 8
"""Requests at once: each may hold an image of `BYTES`."""

_PLUGINS = {
    VisionTask.TEXT: "inglenook-rapidocr",
    VisionTask.OBJECTS: "inglenook-vision-onnx",
    VisionTask.CLASSES: "inglenook-vision-onnx",
    VisionTask.SEGMENTS: "inglenook-vision-onnx",
}


@dataclass(frozen=True, slots=True)
class _Form:
    """What a request holds."""

    image: Image
    """The picture, its header checked."""
    model: str
    """Id of the model that is asked; empty for the first that can."""
    confidence: float | None
    """The least confidence of what is wanted."""


class VisionDoor:
    """The door, and how many stand in it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._inside = 0

    def routes(self) -> list[Route]:
        """Return the routes, one for each task."""
        return [Route("POST", f"/api/vision/{task}", partial(self._answer, task), Scope.CHAT) for task in VisionTask]

    async def _answer(self, task: VisionTask, request: web.Request) -> web.StreamResponse:
        """Tell what the task that the path names finds in an image, which is a form's field `image`."""
        if self._inside >= _MOST:
            raise Problem(429, "too_many", "too many images are being looked at", headers={"Retry-After": "5"})
        self._inside += 1
        try:
            form = await _form(request)
            model = self._model(task, form.model)
            async with asyncio.timeout(_PATIENCE), self._host.lease(model, Priority.API) as engine:
                found = await engine.look(form.image, task, form.confidence)
            return web.json_response({"model": model, **_BODIES[task](found)})
        except TimeoutError:
            message = f"the model took more than {_PATIENCE:g} s"
            raise Problem(503, "engine_timeout", message, "try again later") from None
        finally:
            self._inside -= 1

    def _model(self, task: VisionTask, wanted: str) -> str:
        """Return the model that does *task*: the one that is wanted, or the first."""
        eyes = {m.id: m.capabilities.tasks for m in self._host.models() if m.kind is Kind.VISION}
        able = [id_ for id_, tasks in eyes.items() if task in tasks]
        if wanted in able:
            return wanted
        if wanted in eyes:
            raise Problem(400, "wrong_model", f"the model {wanted!r} does no {task}", f"these do: {_listed(able)}")
        if wanted:
            raise Problem(404, "no_model", f"there is no vision model {wanted!r}", f"for {task}: {_listed(able)}")
        if not able:
            raise Problem(
                404, "no_model", f"no model does {task}", f"install {_PLUGINS[task]}, and add its engine to `models`"
            )
        return able[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


async def _form(request: web.Request) -> _Form:
    if request.content_type != "multipart/form-data":
        raise Problem(415, "no_form", "the body is no multipart/form-data", "send the image as its field `image`")
    if (request.content_length or 0) > BYTES + _FRAMING:
        raise ImageTooLarge(f"the image has more than {BYTES // 1_000_000} MB", hint="send a smaller one")
    try:
        async with asyncio.timeout(_ARRIVAL):
            fields = await _fields(await request.multipart())
    except TimeoutError:
        raise Problem(408, "too_slow", f"the body did not come within {_ARRIVAL:g} s", "") from None
    except ValueError as error:
        raise Problem(400, "bad_form", f"the form cannot be read: {error}", "") from None
    if "image" not in fields:
        raise Problem(400, "no_image", "the form has no field `image`", "send the file as its field `image`")
    return _Form(read_image(fields["image"]), _text(fields, "model"), _confidence(_text(fields, "confidence")))


async def _fields(form: MultipartReader) -> dict[str, bytes]:
    """Return the fields of a form; raises ImageTooLarge before more than that is in memory."""
    fields: dict[str, bytes] = {}
    while (part := await form.next()) is not None:
        name = part.name if isinstance(part, BodyPartReader) else None
        if name not in ("image", "model", "confidence") or name in fields:
            raise Problem(400, "bad_form", f"the form has a field {name!r} too many", "")
        assert isinstance(part, BodyPartReader)
        fields[name] = await _bytes(part, BYTES if name == "image" else _FIELD)
    return fields


async def _bytes(part: BodyPartReader, most: int) -> bytes:
    data = bytearray()
    while piece := await part.read_chunk(1 << 16):
        data += piece
        if len(data) > most and part.name == "image":
            raise ImageTooLarge(f"the image has more than {BYTES // 1_000_000} MB", hint="send a smaller one")
        if len(data) > most:
            raise Problem(400, "bad_form", f"the field {part.name} has more than {most} bytes", "")
    return bytes(data)


def _text(fields: dict[str, bytes], name: str) -> str:
    return fields.get(name, b"").decode("utf-8", "replace").strip()


def _confidence(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise Problem(400, "bad_confidence", f"the confidence {text!r} is no number from 0 to 1", "")
    return value


def _plain(found: Sequence[Finding]) -> list[dict[str, Any]]:
    return [asdict(finding) for finding in found]


def _segment(segment: Segment) -> dict[str, Any]:
    mask = base64.b64encode(segment.mask.data).decode()
    return {**asdict(segment), "mask": {"mime_type": segment.mask.mime_type, "data": mask}}


_BODIES: dict[VisionTask, Callable[[Any], dict[str, Any]]] = {
    VisionTask.OBJECTS: lambda found: {"objects": _plain(found)},
    VisionTask.TEXT: lambda found: {"text": "\n".join(line.text for line in found), "lines": _plain(found)},
    VisionTask.CLASSES: lambda found: {"classes": _plain(found)},
    VisionTask.SEGMENTS: lambda found: {"segments": [_segment(segment) for segment in found]},
}
"""What the findings of each task look like as JSON."""
