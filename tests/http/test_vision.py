"""`/api/vision/`: forms in, findings out; what is too large, of no format or of no sense has a status of its own."""

import asyncio
import base64
import io
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import pytest

from assistant import (
    Box,
    Capabilities,
    DetectedObject,
    EngineError,
    EngineUnavailable,
    Finding,
    Host,
    Image,
    ImageClass,
    ImageError,
    Kind,
    ModelStatus,
    Priority,
    Segment,
    TextLine,
    VisionTask,
)
from assistant.config import HttpConfig
from assistant.controls import Controls
from assistant.events import EventBus
from assistant.home import Home
from assistant.http.app import make_app, serve
from assistant.http.vision import VisionDoor
from assistant.images import BYTES
from assistant.testing import FakeVision
from tests.pictures import picture, png

KEY = "a key of the tests"
BOX = Box(1.0, 2.0, 30.0, 40.0)
FOUND: dict[VisionTask, Sequence[Finding]] = {
    VisionTask.OBJECTS: [DetectedObject("person", 0.9, BOX), DetectedObject("dog", 0.4, BOX)],
    VisionTask.TEXT: [TextLine("Exit", 0.99, BOX), TextLine("left", 0.8, BOX)],
    VisionTask.CLASSES: [ImageClass("beagle", 0.7)],
    VisionTask.SEGMENTS: [Segment("person", 0.9, BOX, 0.25, picture())],
}
WHERE = {"left": 1.0, "top": 2.0, "right": 30.0, "bottom": 40.0}


class House:
    """A host with two vision models."""

    def __init__(self) -> None:
        self.events = EventBus()
        self.controls = Controls()
        self.home = Home()
        self.eye = FakeVision(FOUND)
        self.tasks = {"eye": tuple(VisionTask), "reader": (VisionTask.TEXT,)}

    def models(self) -> tuple[ModelStatus, ...]:
        seeing = [
            ModelStatus(id_, Kind.VISION, "fake", Capabilities(tasks=tasks), "open")
            for id_, tasks in self.tasks.items()
        ]
        return (ModelStatus("chat", Kind.CHAT, "fake", Capabilities(), "open"), *seeing)

    @asynccontextmanager
    async def lease(self, model: str, priority: Priority) -> AsyncGenerator[Any, None]:
        assert priority is Priority.API
        yield self.eye

    async def run_turn(self, text: str, *, assistant: str = "", conversation: str = "", device: str = "") -> Any:
        raise AssertionError("no turn is wanted")


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def client(house: House) -> AsyncGenerator[aiohttp.ClientSession, None]:
    config = HttpConfig(port=0, key=KEY)
    app = make_app(config, house.events, dict, {}, VisionDoor(cast("Host", house)).routes())
    async with (
        serve(app, config) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"}) as session,
    ):
        yield session


def form(image: bytes = png(30, 20), fields: Mapping[str, str] | None = None) -> aiohttp.FormData:
    data = aiohttp.FormData(fields or {})
    data.add_field("image", io.BytesIO(image), filename="photo.png")
    return data


async def ask(client: aiohttp.ClientSession, task: str = "ocr", **send: Any) -> tuple[int, Any]:
    async with client.post(f"/api/vision/{task}", **({"data": form()} | send)) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("task", "body"),
    [
        (
            "object-detection",
            {
                "objects": [
                    {"label": "person", "confidence": 0.9, "box": WHERE},
                    {"label": "dog", "confidence": 0.4, "box": WHERE},
                ]
            },
        ),
        (
            "ocr",
            {
                "text": "Exit\nleft",
                "lines": [
                    {"text": "Exit", "confidence": 0.99, "box": WHERE},
                    {"text": "left", "confidence": 0.8, "box": WHERE},
                ],
            },
        ),
        ("image-classification", {"classes": [{"label": "beagle", "confidence": 0.7}]}),
        (
            "image-segmentation",
            {
                "segments": [
                    {
                        "label": "person",
                        "confidence": 0.9,
                        "box": WHERE,
                        "share": 0.25,
                        "mask": {"mime_type": "image/png", "data": base64.b64encode(picture().data).decode()},
                    }
                ]
            },
        ),
    ],
)
async def test_each_task_has_its_route(
    house: House, client: aiohttp.ClientSession, task: str, body: dict[str, Any]
) -> None:
    assert await ask(client, task) == (200, {"model": "eye", **body})
    assert house.eye.seen == [(Image(png(30, 20), "image/png"), VisionTask(task))]


async def test_a_model_and_a_confidence_can_be_asked_for(client: aiohttp.ClientSession) -> None:
    fields = {"model": "reader", "confidence": "0.9", "prompt": "unknown"}
    status, body = await ask(client, data=form(fields=fields))
    assert (status, body["model"], body["text"]) == (200, "reader", "Exit")


async def test_a_field_that_is_left_empty_is_none(client: aiohttp.ClientSession) -> None:
    status, body = await ask(client, data=form(fields={"model": "", "confidence": ""}))
    assert (status, body["model"], body["text"]) == (200, "eye", "Exit\nleft")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"model": "nobody"}, 404, "no_model"),
        ({"model": "chat"}, 404, "no_model"),
        ({"confidence": "much"}, 400, "bad_request"),
        ({"confidence": "nan"}, 400, "bad_request"),
        ({"confidence": "1.5"}, 400, "bad_request"),
        ({"model": "x" * 300}, 400, "bad_request"),
    ],
)
async def test_a_field_without_sense_is_told(
    client: aiohttp.ClientSession, fields: dict[str, str], status: int, code: str
) -> None:
    got, body = await ask(client, data=form(fields=fields))
    assert (got, body["error"]["code"]) == (status, code)


async def test_a_model_of_another_task_is_told(client: aiohttp.ClientSession) -> None:
    status, body = await ask(client, "object-detection", data=form(fields={"model": "reader"}))
    assert status == 400 and body["error"]["hint"] == "these do: eye"


async def test_where_no_model_does_it_the_plugin_is_named(house: House, client: aiohttp.ClientSession) -> None:
    house.tasks = {"reader": (VisionTask.TEXT,)}
    status, body = await ask(client, "image-segmentation")
    assert status == 404 and "inglenook-vision-onnx" in body["error"]["hint"]


@pytest.mark.parametrize(
    ("image", "status", "code"),
    [
        (b"GIF89a" + bytes(30), 415, "unknown_image"),
        (png(50_000, 50_000, rows=b""), 413, "image_too_large"),
        (bytes(BYTES + 1), 413, "request_entity_too_large"),
        (png(3, 3)[:20], 400, "image_error"),
        (b"", 415, "unknown_image"),
    ],
    ids=["another format", "a bomb", "too many bytes", "cut off", "nothing"],
)
async def test_t8_an_image_that_cannot_be_looked_at_has_its_status(
    house: House, client: aiohttp.ClientSession, image: bytes, status: int, code: str
) -> None:
    got, body = await ask(client, data=form(image))
    assert (got, body["error"]["code"]) == (status, code)
    assert body["error"]["message"] and not house.eye.seen


async def test_what_is_no_form_is_told(client: aiohttp.ClientSession) -> None:
    status, body = await ask(client, data=png(3, 3))
    assert (status, body["error"]["code"]) == (415, "no_form")
    status, body = await ask(client, data=b"nothing of the kind", headers={"Content-Type": "multipart/form-data"})
    assert (status, body["error"]["code"]) == (400, "bad_form")
    no_image = aiohttp.FormData({"model": "eye"}, default_to_multipart=True)
    status, body = await ask(client, data=no_image)
    assert (status, body["error"]["code"]) == (400, "no_file")
    twice = form()
    twice.add_field("image", png(3, 3), filename="again.png")
    assert (await ask(client, data=twice))[0] == 400


async def test_t7_a_body_without_end_is_refused_while_it_comes(client: aiohttp.ClientSession) -> None:
    sent = 0

    async def endless() -> AsyncGenerator[bytes, None]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n'
        while sent < 20 * BYTES:
            sent += 1 << 20
            yield bytes(1 << 20)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        status, _ = await ask(client, data=endless(), headers=headers)
    except aiohttp.ClientConnectionError:
        status = 413  # the door was shut before the client had looked up
    assert status == 413
    assert sent < 10 * BYTES


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ImageError("it ends in the middle"), 400),
        (EngineUnavailable("it is not pulled", hint="assistant models pull"), 503),
        (EngineError("it broke"), 500),
        (ZeroDivisionError("a fault of the engine"), 500),
    ],
)
async def test_an_engine_that_fails_has_its_status_and_the_door_stays_open(
    house: House, client: aiohttp.ClientSession, error: Exception, status: int
) -> None:
    house.eye.fails = error
    assert (await ask(client))[0] == status
    assert (await ask(client))[0] == 200


async def test_a_ninth_request_is_told_to_come_again(house: House, client: aiohttp.ClientSession) -> None:
    house.eye.fails = 0.5
    answers = await asyncio.gather(*(ask(client) for _ in range(9)))
    assert sorted(status for status, _ in answers) == [200] * 8 + [429]


async def test_a_stranger_is_not_let_in(client: aiohttp.ClientSession) -> None:
    assert (await ask(client, headers={"Authorization": "Bearer wrong"}))[0] == 401
