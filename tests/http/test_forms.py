"""Hostile forms, at every door that takes one (T6, T7)."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from assistant.access import Scope
from assistant.access.keys import Keys
from assistant.http import app, form, route
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.vision import VisionTask
from tests.doors import assembled
from tests.http.conftest import KEY
from tests.http.raw import peak, post, sent, statuses

DOORS = {
    "/v1/audio/transcriptions": "file",
    "/v1/audio/translations": "file",
    "/models/stt/v1/audio/transcriptions": "file",
    "/api/audio/transcribe": "audio",
    "/api/turn": "audio",
    "/api/vision/ocr": "image",
}
"""Doors that take a form, and the field of their file."""
EVERY = pytest.mark.parametrize("door", DOORS)
FORM = "Content-Type: multipart/form-data; boundary=x"
PIECE = bytes(1_000_000)


@dataclass(frozen=True, slots=True)
class House:
    """The real doors."""

    port: int
    """Where."""
    keys: Keys
    """The named keys."""


@pytest.fixture
async def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House, None]:
    """Serve the real doors."""
    monkeypatch.setattr(app, "_LINGERING", 0.2)
    async with assembled(home, f"{{port: 0, key: {KEY}}}") as (loaded, assembly):
        config = loaded.config.http
        made = make_app(config, assembly.events, dict, {}, doors(assembly), assembly.keys, assembly.audit)
        async with serve(made, config) as port:
            yield House(port, assembly.keys)


@pytest.fixture
def port(house: House) -> int:
    """Return where they are."""
    return house.port


def part(name: str, content: bytes = b"1", *headers: str) -> bytes:
    """Return a part of a form."""
    head = "\r\n".join([f'Content-Disposition: form-data; name="{name}"', *headers])
    return f"--x\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


async def told(port: int, door: str, body: bytes, *headers: str, key: str = KEY) -> tuple[int, bytes]:
    """Send a form; return the status and the rest of the answer."""
    whole = (FORM, f"Content-Length: {len(body)}", "Connection: close", *headers)
    answer = await sent(port, post(door, *whole, key=key), body)
    [status] = statuses(answer)
    return status, answer


async def test_every_door_that_takes_a_form_is_known(home: Path) -> None:
    async with assembled(home) as (_, assembly):
        every = [each for each in doors(assembly) if each.method == "POST"]
    taking = {each.path: each.form.file for each in every if each.form is not None}
    assert all(each.path.endswith(("/load", "/unload", "/stop")) for each in every if not each.bodies)
    same = {f"/api/vision/{task}" for task in VisionTask} | {"/models/{model}/v1/audio/translations"}
    known = {door.replace("/models/stt/", "/models/{model}/"): file for door, file in DOORS.items()}
    assert known.items() <= taking.items() and taking.keys() == known.keys() | same


@EVERY
async def test_t7_very_many_parts_are_refused(port: int, door: str) -> None:
    status, answer = await told(port, door, part("a") * 100_000 + b"--x--\r\n")
    assert status == 400 and b"a part too many" in answer


@EVERY
async def test_t7_the_headers_of_a_part_are_bounded(port: int, door: str) -> None:
    for headers in (["X-A: " + "a" * 5_000], ["X-A: a"] * 5_000, ["X-A: a"] * 500_000):
        status, answer = await told(port, door, part(DOORS[door], b"1", *headers) + b"--x--\r\n")
        assert status == 400 and b"form cannot be read" in answer


@EVERY
async def test_t7_a_part_without_end_is_refused(port: int, door: str) -> None:
    for body in (part(DOORS[door]), part("a") + b"--x", b"--x\r\n", b"", b"preamble\r\n" * 100_000):
        status, answer = await told(port, door, body)
        assert status == 400 and b"form cannot be read" in answer


@pytest.mark.parametrize("door", ["/v1/audio/transcriptions", "/api/turn", "/api/vision/ocr"])
@pytest.mark.parametrize("begun", ["file", "field", "headers", "preamble"])
async def test_t7_a_form_that_goes_on_for_ever_is_refused_and_not_held(port: int, door: str, begun: str) -> None:
    begin = {
        "file": part(DOORS[door], b""),
        "field": part("a", b""),
        "headers": b"--x\r\nX-A: ",
        "preamble": b"",
    }[begun]
    before = peak()
    chunk = b"%x\r\n" % len(PIECE) + PIECE + b"\r\n"
    first = b"%x\r\n" % len(begin) + begin + b"\r\n" if begin else b""
    answer = await sent(port, post(door, FORM, "Transfer-Encoding: chunked"), first, *[chunk] * 40)
    assert statuses(answer) in ([413], [])
    assert peak() - before < 64_000_000


@EVERY
async def test_t7_a_form_that_says_it_is_huge_is_not_waited_for(port: int, door: str) -> None:
    answer = await sent(port, post(door, FORM, f"Content-Length: {1 << 30}"))
    assert statuses(answer) == [413]


@EVERY
async def test_t7_each_field_has_its_bound(port: int, door: str) -> None:
    file = DOORS[door]
    for parts, expected in (
        (part(file) + part("a", bytes(10_001)), 413),
        (part(file) + part("x" * 3_000, bytes(10_001)), 413),
        (part(file) + part(file), 400),
        (part(file) + part(""), 400),
        (part("a") * 65, 400),
        (b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n", 400),
        (part("_charset_", b"u" * 5_000), 400),
    ):
        status, answer = await told(port, door, parts + b"--x--\r\n")
        assert status == expected and len(answer) < 1_000


@EVERY
async def test_t7_no_part_is_unpacked(port: int, door: str) -> None:
    packed = part(DOORS[door], bytes(1000), "Content-Encoding: gzip", "Content-Transfer-Encoding: base64")
    status, _ = await told(port, door, packed + b"--x--\r\n")
    assert status in (400, 415)


@EVERY
async def test_t6_a_form_of_which_nothing_comes_is_not_waited_for(
    port: int, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "_SILENCE", 0.2)
    bodies: Iterable[bytes] = (b"", part("a"), part(DOORS[door], b"RIFF"))
    answers = await asyncio.gather(*(sent(port, post(door, FORM, "Content-Length: 9000"), body) for body in bodies))
    assert [statuses(answer) for answer in answers] == [[408]] * 3


class Slow:
    """Forms of which a little has come, and the rest does not."""

    def __init__(self, port: int, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._port, self._door = port, door
        self._begun = asyncio.Semaphore(0)
        monkeypatch.setattr(form, "read", self._read)

    @asynccontextmanager
    async def sending(self, number: int, key: str = KEY) -> AsyncGenerator[None, None]:
        """Send so many, until the end of the context."""
        writers: list[asyncio.StreamWriter] = []
        try:
            for _ in range(number):
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writers.append(writer)
                writer.write(post(self._door, FORM, "Content-Length: 9000", key=key) + part(DOORS[self._door]))
                async with asyncio.timeout(30):
                    await self._begun.acquire()
            yield
        finally:
            for writer in writers:
                writer.transport.abort()

    async def _read(self, request: web.Request, most: int) -> Any:
        if request.content_length == 9000:
            self._begun.release()
        return await route.read(request, most)


@EVERY
async def test_t6_forms_of_one_key_that_do_not_come_leave_a_place_to_another_key(
    house: House, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await house.keys.create("other", [Scope.AUDIO, Scope.CHAT, Scope.HOME])
    slow, nothing = Slow(house.port, door, monkeypatch), b"--x--\r\n"
    async with slow.sending(8):
        status, answer = await told(house.port, door, nothing)
        assert status == 429 and b"too many files" in answer
        status, answer = await told(house.port, door, nothing, key=other)
        assert status == 400 and b"has no field" in answer, "it was read"
        async with slow.sending(1, other):
            status, _ = await told(house.port, door, nothing, key=other)
            assert status == 429, "a second one is one too many"
    async with asyncio.timeout(30):
        while (await told(house.port, door, nothing))[0] == 429:
            await asyncio.sleep(0.01)
    async with slow.sending(1, other):
        status, _ = await told(house.port, door, nothing, key=other)
        assert status == 400, "there is room"


async def test_t7_bodies_of_one_key_that_do_not_come_leave_room_for_another_key(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "_ALL", 1_000_000)
    door, other = "/v1/audio/transcriptions", await house.keys.create("other", [Scope.AUDIO])
    large = part("a", bytes(900_000)) + b"--x--\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(post(door, FORM, f"Content-Length: {len(large)}") + large[:-1])
    async with asyncio.timeout(30):
        while (await told(house.port, door, large))[0] != 429:
            await asyncio.sleep(0.01)
    assert (await told(house.port, door, large, key=other))[0] != 429
    writer.write(large[-1:])
    async with asyncio.timeout(30):
        assert b" 413 " in await reader.readline(), "the first is read to its end"
    writer.close()
