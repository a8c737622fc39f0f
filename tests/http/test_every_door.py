"""Hostile requests at every door of an assistant, whichever doors there are (T7 to T10, T15, T18)."""

import asyncio
import base64
import copy
import io
import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from assistant import Capabilities, Kind, VisionTask, Voice, hookimpl
from assistant.assembly import assemble
from assistant.config import load
from assistant.engines import AnySpec
from assistant.http import app as door
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.http.openapi import described
from assistant.http.route import Route
from assistant.plugins import Plugins
from assistant.testing import FakeChat, FakeEmbed, FakeIntent, FakeStt, FakeTts, FakeTurn, FakeVision, fake_spec
from tests.http.conftest import KEY
from tests.http.raw import HEAD, peak, sent, statuses
from tests.pictures import png
from tests.running import CONFIG

HELLO = [{"role": "user", "content": "Hello."}]
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": HELLO},
    "/v1/completions": {"prompt": "Hello."},
    "/v1/responses": {"input": "Hello."},
    "/v1/embeddings": {"model": "embed", "input": "Hello."},
    "/v1/audio/speech": {"input": "Hello.", "response_format": "wav"},
    "/api/show": {"model": "chat"},
    "/api/chat": {"model": "chat", "messages": HELLO},
    "/api/generate": {"model": "chat", "prompt": "Hello."},
    "/api/embed": {"model": "embed", "input": "Hello."},
    "/api/embeddings": {"model": "embed", "prompt": "Hello."},
    "/api/pull": {"model": "chat"},
    "/generate": {"prompt": "Hello."},
    "/api/inference/": {"inputs": "Hello."},
    "/api/inference/orchestrated": {"inputs": "Hello."},
    "/api/inference/ensemble": {"inputs": "Hello.", "models": ["chat", "chat"]},
    "/api/inference/batch": {"inputs": ["Hello."]},
    "/api/inference/parallel": {"requests": [{"inputs": "Hello."}]},
    "/api/audio/text-to-speech": {"text": "Hello."},
    "/api/turn": {"text": "Hello."},
    "/api/timers": {"kind": "timer", "seconds": 60},
    "/api/keys": {"name": "other", "scopes": ["chat"]},
}
"""What is asked at each door that takes JSON, by POST."""


@dataclass
class House:
    """An assistant behind its doors."""

    chat: FakeChat = field(default_factory=lambda: FakeChat(["Hello."] * 10_000, pace=0.0))
    eye: FakeVision = field(default_factory=FakeVision)
    doors: list[Route] = field(default_factory=list)
    port: int = 0
    session: aiohttp.ClientSession = field(init=False)

    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        able = Capabilities(inputs=frozenset({"text", "image", "audio"}), tools=True, schema=True, logprobs=True)
        return [
            fake_spec("fake-stt", Kind.STT, FakeStt()),
            fake_spec("fake-tts", Kind.TTS, FakeTts(), Capabilities(voices=(Voice("joe", "en-US"),))),
            fake_spec("fake-turn", Kind.TURN, FakeTurn()),
            fake_spec("fake-intent", Kind.INTENT, FakeIntent()),
            fake_spec("fake-chat", Kind.CHAT, self.chat, able),
            fake_spec("fake-embed", Kind.EMBED, FakeEmbed({"Hello.": (1.0, 0.0)})),
            fake_spec("fake-eye", Kind.VISION, self.eye, Capabilities(tasks=tuple(VisionTask))),
        ]

    async def post(self, path: str, body: Any) -> tuple[int, str]:
        """Send a body, and return what came."""
        data = body if isinstance(body, aiohttp.FormData) else io.BytesIO(json.dumps(body).encode())
        headers = {} if isinstance(body, aiohttp.FormData) else {"Content-Type": "application/json"}
        async with self.session.post(path, data=data, headers=headers) as answer:
            return answer.status, await answer.text(errors="replace")


@pytest.fixture
async def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House, None]:
    monkeypatch.setattr(door, "_LINGERING", 0.2)
    file, house, plugins = home / "assistant.yaml", House(), Plugins()
    text = CONFIG.replace("{port: 0}", f"{{port: 0, key: {KEY}}}")
    file.write_text(text.replace("wake: null", "embed: {engine: fake-embed}, eye: {engine: fake-eye}, wake: null"))
    plugins.add("fakes", lambda: house)
    loaded = load(file, {})
    async with assemble(loaded, plugins) as assembly:
        house.doors, config = doors(assembly), loaded.config.http
        app = make_app(config, assembly.events, dict, {}, house.doors, assembly.keys, assembly.audit)
        async with (
            serve(app, config) as house.port,
            aiohttp.ClientSession(
                f"http://127.0.0.1:{house.port}", headers={"Authorization": f"Bearer {KEY}"}
            ) as house.session,
        ):
            yield house


async def test_every_door_that_takes_json_is_known_and_open(house: House) -> None:
    taking = {route.path for route in house.doors if route.method == "POST" and route.takes is not None}
    assert {path for path in taking if not path.startswith("/models/{model}/")} == set(BODIES)
    told = described(house.doors)["paths"]
    for path, body in BODIES.items():
        status, text = await house.post(path, body)
        assert status == (201 if path in ("/api/timers", "/api/keys") else 200), f"{path}: {text}"
        assert [str(status)] == [code for code in told[path]["post"]["responses"] if code < "400"], path


async def test_t4_a_page_in_a_browser_sends_a_door_only_what_it_takes(house: House) -> None:
    tried = 0
    for route in (route for route in house.doors if route.bodies):
        for media in ("application/json", "multipart/form-data", "text/plain", "application/x-www-form-urlencoded"):
            headers = {"Content-Type": f"{media}; boundary=x", "Sec-Fetch-Site": "same-origin"}
            path = re.sub(r"{\w+}", "none", route.path)
            async with house.session.request(route.method, path, data=b"--x--", headers=headers) as answer:
                assert (answer.status == 415) == (media not in route.bodies), f"{route.path} {media}"
            tried += 1
    assert tried > 100


async def test_t7_nothing_packed_is_unpacked_anywhere(house: House) -> None:
    before = peak()
    for route in house.doors:
        path = route.path.replace("{", "").replace("}", "")
        head = f"{route.method} {path} HTTP/1.1\r\n{HEAD}Content-Encoding: gzip\r\nContent-Length: 4\r\n"
        answer = await sent(house.port, f"{head}Connection: close\r\n\r\n".encode() + b"\x1f\x8b\x08\x00")
        assert statuses(answer) == [415], f"{route.method} {path}"
    assert peak() - before < 32_000_000


@pytest.mark.parametrize("path", BODIES)
async def test_t9_json_that_is_none_or_hostile_is_refused(house: House, path: str) -> None:
    body = json.dumps(BODIES[path])[:-1].encode()
    for hostile in (
        b"",
        b"[]",
        b"null",
        b"[" * 100_000,
        body + b', "unknown": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        body + b', "unknown": ' + b"9" * 900_000 + b"." + b"}",
        body + b', "unknown": NaN}',
        body + b', "unknown": "\\ud800"}',
        body,
        body + b"}" + body + b"}",
    ):
        async with house.session.post(path, data=hostile, headers={"Content-Type": "application/json"}) as answer:
            text = await answer.text()
            assert answer.status == 400 and len(text) < 1_000, (hostile[-30:], text[:1_000])
    assert not house.chat.requests


WRONG: list[Any] = [-1e9, 2**64, -(2**64), 1e308, [], {}]
BEYOND: list[Any] = [2**64, 1e308, [], {}, "much"]


def numbers(takes: Any) -> list[str]:
    """Return the keys of a body whose values are a number each."""
    kinds = {one.encode_name: str(one.type) for one in msgspec.structs.fields(takes)}
    return [
        key for key, kind in kinds.items() if re.search("int|float", kind) and not re.search("tuple|list|str", kind)
    ]


async def test_t10_no_number_of_any_body_is_out_of_range(house: House) -> None:
    bodies = {route.path: route.takes for route in house.doors if route.takes is not None and route.path in BODIES}
    tried = [(path, key, value) for path, takes in bodies.items() for key in numbers(takes) for value in WRONG]
    assert len(tried) > 100
    for path, key, value in tried:
        status, text = await house.post(path, BODIES[path] | {key: value})
        assert status in (400, 409), f"{path} {key}={value}: {text}"
    assert not house.chat.requests


@pytest.mark.parametrize(
    "path", ["/api/chat", "/api/generate", "/api/inference/", "/api/inference/batch", "/api/inference/ensemble"]
)
async def test_t10_nor_of_any_options(house: House, path: str) -> None:
    where = "options" if "inference" not in path else "parameters"
    known = ["temperature", "top_p", "top_k", "min_p", "repeat_penalty", "presence_penalty", "frequency_penalty"]
    for key in [*known, "seed", "num_predict" if where == "options" else "max_tokens"]:
        for value in BEYOND:
            status, text = await house.post(path, BODIES[path] | {where: {key: value}})
            assert status == 400, f"{key}={value}: {text}"
    assert not house.chat.requests


async def test_t10_nor_of_one_of_several_pieces_of_work(house: House) -> None:
    work = BODIES["/api/inference/parallel"]["requests"][0]
    status, text = await house.post("/api/inference/parallel", {"requests": [work | {"parameters": {"top_p": 2**64}}]})
    assert status == 400, text


async def test_one_of_several_pieces_of_work_fails_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = house.chat.reply

    def break_at_times(request: Any) -> Any:
        if request.messages[-1].text == "Break.":
            raise RuntimeError("a mistake of a plugin")
        return reply(request)

    monkeypatch.setattr(house.chat, "reply", break_at_times)
    endless = {"parameters": {"schema": {"maximum": 10**40}}}
    work = [{"inputs": "Hello."}, {"inputs": "Hello."} | endless, {"inputs": "Break."}, {"inputs": "Hello."}]
    status, text = await house.post("/api/inference/parallel", {"requests": work})
    told = json.loads(text)
    assert (status, told["failed"]) == (200, 2), text
    assert [one["error"] and one["error"]["code"] for one in told["results"]] == [
        None,
        "bad_request",
        "internal_error",
        None,
    ]


async def test_t26_a_key_that_may_ask_a_model_cannot_unload_it(house: House) -> None:
    _, text = await house.post("/api/keys", {"name": "guest", "scopes": ["chat"]})
    guest = {"Authorization": f"Bearer {json.loads(text)['key']}"}
    for path in ("/api/generate", "/api/chat"):
        asked: dict[str, Any] = {"model": "chat"}
        async with house.session.post(path, json=asked | {"keep_alive": 0}, headers=guest) as answer:
            assert answer.status == 403, await answer.text()
        async with house.session.post(path, json=asked, headers=guest) as answer:
            assert (answer.status, (await answer.json())["done_reason"]) == (200, "load")
        status, text = await house.post(path, asked | {"keep_alive": 0})
        assert (status, json.loads(text)["done_reason"]) == (200, "unload")


@pytest.mark.parametrize(
    "path", ["/api/chat", "/api/generate", "/v1/chat/completions", "/v1/completions", "/generate", "/api/inference/"]
)
async def test_t10_no_text_that_ends_a_reply_is_without_bound(house: House, path: str) -> None:
    where = "options" if path.startswith("/api/") and "inference" not in path else "parameters"
    nested = path.startswith("/api/")
    for stop in ("s" * 257, ["s" * 257], ["s"] * 17):
        options = {"stop": stop}
        status, text = await house.post(path, BODIES[path] | ({where: options} if nested else options))
        assert status == 400 and "stop" in text, f"{str(stop)[:30]}: {text}"
    assert not house.chat.requests


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions", "/v1/responses", "/api/inference/"])
async def test_t10_nor_is_a_conversation(house: House, path: str) -> None:
    key = next(key for key in ("messages", "input", "inputs") if key in BODIES[path])
    status, text = await house.post(path, BODIES[path] | {key: HELLO * 10_001})
    assert status == 400 and key in text
    assert not house.chat.requests


NAMES = ["../../etc/passwd", "/etc/passwd", "..%2f..%2fetc%2fpasswd", "chat\0", "ch\u0430t", "CHAT", "chat/../chat"]
LONG = "x" * 100_000


def naming(path: str, name: str) -> dict[str, Any] | None:
    """Return a body that names a model; None where none is named."""
    body = copy.deepcopy(BODIES[path])
    if path in ("/api/timers", "/api/keys"):
        return None
    if path == "/api/inference/parallel":
        body["requests"][0]["model_id"] = name
    elif path == "/api/inference/ensemble":
        body["models"] = [name, name]
    elif path == "/api/turn":
        body["assistant"] = name
    else:
        body["model_id" if path.startswith(("/api/inference", "/api/audio")) else "model"] = name
    return body


async def test_t15_a_name_that_is_none_is_not_found_at_any_door(house: House, home: Path) -> None:
    for path in BODIES:
        for name in [*NAMES, LONG]:
            if (body := naming(path, name)) is None:
                continue
            status, text = await house.post(path, body)
            if path in ("/api/inference/batch", "/api/inference/parallel"):
                status = 404 if status == 200 and "unknown_model" in text else status
            assert status in ((400, 404) if name == LONG else (404,)), f"{path} {name[:30]!r}: {text[:300]}"
            assert len(text) < 1_000 and "root:" not in text and str(home) not in text
    assert not house.chat.requests


async def test_t15_nor_in_a_form_or_a_path(house: House, home: Path) -> None:
    for name in [*NAMES, "x" * 9_000]:
        for path, file, field_ in (
            ("/v1/audio/transcriptions", "file", "model"),
            ("/api/audio/transcribe", "audio", "model_id"),
            ("/api/vision/ocr", "image", "model"),
            ("/api/turn", "audio", "assistant"),
        ):
            form = aiohttp.FormData({field_: name})
            form.add_field(file, io.BytesIO(png(3, 3)), filename="../../etc/cron.d/x")
            status, text = await house.post(path, form)
            assert status in ((400, 404) if len(name) > 300 else (404,)), f"{path} {name[:30]!r}: {text[:300]}"
            assert len(text) < 1_000 and "root:" not in text and str(home) not in text
    raw = ["..%2f..%2fetc%2fpasswd", "%2e%2e", "chat%00", "%ff%fe", "x" * 4_000, "%2fetc%2fpasswd"]
    variable = [route for route in house.doors if "{id}" in route.path or "{name}" in route.path]
    variable += [route for route in house.doors if "{model}" in route.path and route.method == "POST"]
    assert len(variable) > 12
    for route in variable:
        for name in raw:
            path = route.path.replace("{id}", name).replace("{name}", name).replace("{model}", name)
            body = json.dumps(BODIES.get(route.path.removeprefix("/models/{model}"), {})).encode()
            head = f"{route.method} {path} HTTP/1.1\r\n{HEAD}Connection: close\r\nContent-Length: {len(body)}\r\n"
            answer = await sent(house.port, f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
            assert statuses(answer)[0] in (400, 404, 415), f"{route.method} {path}: {answer!r}"
            assert b"root:" not in answer and str(home).encode() not in answer and len(answer) < 1_500


def showing(url: str, data: str) -> list[tuple[str, dict[str, Any]]]:
    """Return every request that shows a picture: by its address, or as base64."""
    openai = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    responses = [{"role": "user", "content": [{"type": "input_image", "image_url": url}]}]
    return [
        ("/v1/chat/completions", {"messages": openai}),
        ("/v1/responses", {"input": responses}),
        ("/api/chat", {"model": "chat", "messages": [{"role": "user", "content": "What?", "images": [data]}]}),
        ("/api/generate", {"model": "chat", "prompt": "What?", "images": [data]}),
        ("/api/turn", {"text": "What?", "images": [data]}),
    ]


async def test_a_picture_that_is_one_is_shown_at_each_of_these(house: House) -> None:
    data = base64.b64encode(png(30, 20)).decode()
    for path, body in showing(f"data:image/png;base64,{data}", data):
        status, text = await house.post(path, body)
        assert status == 200, f"{path}: {text}"
    assert len(house.chat.requests) == 5


BOMBS = {
    "2.5 thousand million pixels": (png(50_000, 50_000, rows=b""), 413),
    "too many bytes": (png(3, 3) + bytes(20_000_000), 413),
    "no pixels": (png(0, 3, rows=b""), 400),
    "another format": (b"GIF89a" + b"\xff" * 30, 415),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', 415),
    "cut off": (png(3, 3)[:20], 400),
}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_t8_a_bomb_of_pixels_reaches_no_model(house: House, bomb: str) -> None:
    image, expected = BOMBS[bomb]
    data, before = base64.b64encode(image).decode(), peak()
    for path, body in showing(f"data:image/png;base64,{data}", data):
        status, text = await house.post(path, body)
        assert status == expected, f"{path}: {text}"
    form = aiohttp.FormData()
    form.add_field("image", io.BytesIO(image), filename="a.png")
    assert (await house.post("/api/vision/ocr", form))[0] == expected
    assert not house.chat.requests and not house.eye.seen
    assert peak() - before < 250_000_000


async def test_t18_no_address_is_fetched_at_any_door(house: House) -> None:
    knocks = asyncio.Event()

    async def knocked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocks.set()
        writer.close()

    async with await asyncio.start_server(knocked, "127.0.0.1", 0) as trap:
        port = trap.sockets[0].getsockname()[1]
        for url in (
            f"http://127.0.0.1:{port}/x.png",
            f"http://good.example\\@127.0.0.1:{port}/x",
            "file:///etc/passwd",
        ):
            for path, body in showing(url, url):
                status, text = await house.post(path, body)
                assert status in (400, 415) and "passwd" not in text, f"{path}: {text}"
    assert not knocks.is_set() and not house.chat.requests
