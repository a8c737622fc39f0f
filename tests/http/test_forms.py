"""Hostile forms, at every door that takes one (T6, T7)."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

import pytest

from assistant.http import app, route
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


@pytest.fixture
async def port(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[int, None]:
    """Serve the real doors."""
    monkeypatch.setattr(app, "_LINGERING", 0.2)
    async with assembled(home, f"{{port: 0, key: {KEY}}}") as (loaded, assembly):
        config = loaded.config.http
        made = make_app(config, assembly.events, dict, {}, doors(assembly), assembly.keys, assembly.audit)
        async with serve(made, config) as port:
            yield port


def part(name: str, content: bytes = b"1", *headers: str) -> bytes:
    """Return a part of a form."""
    head = "\r\n".join([f'Content-Disposition: form-data; name="{name}"', *headers])
    return f"--x\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


async def told(port: int, door: str, body: bytes, *headers: str) -> tuple[int, bytes]:
    """Send a form; return the status and the rest of the answer."""
    answer = await sent(port, post(door, FORM, f"Content-Length: {len(body)}", "Connection: close", *headers), body)
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
