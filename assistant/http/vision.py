"""`/api/vision/`: what vision models find in an image, as JSON. docs/http.md describes the fields."""

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.chat import Priority
from assistant.engines import Kind
from assistant.host import Host
from assistant.http.form import Room, read_form
from assistant.http.problem import Problem
from assistant.http.route import FileForm, JsonObject, Route
from assistant.images import BYTES, read_image
from assistant.vision import Finding, Segment, VisionTask

__all__ = ["VisionDoor"]

_PATIENCE = 60.0
"""Seconds in which the model must have looked, its turn awaited."""
_AT_ONCE = 8
"""Requests at once: each may hold an image of `BYTES`."""

_PLUGINS = {
    VisionTask.TEXT: "inglenook-rapidocr",
    VisionTask.OBJECTS: "inglenook-vision-onnx",
    VisionTask.CLASSES: "inglenook-vision-onnx",
    VisionTask.SEGMENTS: "inglenook-vision-onnx",
}


class VisionForm(msgspec.Struct, frozen=True, kw_only=True):
    """How an image is to be looked at."""

    model: Annotated[str, Meta(max_length=256)] = ""
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None


_FORM = FileForm("image", BYTES, VisionForm)


class VisionDoor:
    """The door, and how many stand in it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._room = Room(_AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the routes, one for each task."""
        return [
            Route("POST", f"/api/vision/{task}", partial(self._answer, task), Scope.CHAT, gives=JsonObject, form=_FORM)
            for task in VisionTask
        ]

    async def _answer(self, task: VisionTask, request: web.Request) -> web.StreamResponse:
        """Tell what the task that the path names finds in an image, which is a form's field `image`."""
        with self._room.place():
            form = await read_form(request, _FORM)
            asked, image = form.fields, read_image(form.file)
            model = self._model(task, asked.model)
            try:
                async with asyncio.timeout(_PATIENCE), self._host.lease(model, Priority.API) as engine:
                    found = await engine.look(image, task, asked.confidence)
            except TimeoutError:
                message = f"the model took more than {_PATIENCE:g} s"
                raise Problem(503, "engine_timeout", message, "try again later") from None
        return web.json_response({"model": model, **_BODIES[task](found)})

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
