"""Clients that mean harm: slow, many, huge, and with requests that two programs read differently (T6, T7, T29)."""

import asyncio
import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Any
from unittest.mock import MagicMock

import pytest
from aiohttp import web

from assistant.access import Scope
from assistant.config import HttpConfig
from assistant.events import EventBus
from assistant.http import app as door
from assistant.http.route import Route
from assistant.http.threshold import Threshold
from tests.http.conftest import KEY
from tests.http.raw import HEAD, peak, sent, statuses


async def _echo(request: web.Request, body: Any) -> web.StreamResponse:
    return web.json_response({"size": len(str(body))})


async def _get(request: web.Request) -> web.StreamResponse:
    return web.json_response({"path": request.path})


@asynccontextmanager
async def served(**settings: Any) -> AsyncGenerator[int, None]:
    config = HttpConfig(port=0, key=KEY, **settings)
    routes = [Route("POST", "/take", _echo, Scope.CHAT, takes=Any), Route("GET", "/get", _get, Scope.CHAT)]
    async with door.serve(door.make_app(config, EventBus(), dict, {}, routes), config) as port:
        yield port


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[int, None]:
    monkeypatch.setattr(door, "_LINGERING", 0.2)
    async with served() as port:
        yield port


# -- slow ones (T6) ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"G",
        b"GET /get HTTP/1.1\r\nHost: localhost\r\n",
        b"GET /get HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 100,
        b"\r\n\r\n",
        f"GET /get HTTP/1.1\r\n{HEAD}\r\nGET /get HT".encode(),
    ],
)
async def test_t6_headers_that_do_not_come_are_not_waited_for(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(door, "_SILENCE", 0.3)
    async with served() as port:
        assert set(statuses(await sent(port, begun))) <= {200, 400}


async def test_t6_a_byte_now_and_then_does_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_SILENCE", 0.3)
    async with served() as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(20):
                for piece in [b"GET /get HTTP/1.1\r\nHost: localhost\r\n", *[b"X-A: b\r\n"] * 2000]:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.01)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_t6_a_body_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.http.route._ARRIVAL", 0.3)
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST /take HTTP/1.1\r\n{HEAD}Content-Length: 1000\r\n\r\n[1".encode())
        assert b" 408 " in await reader.readline()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_t6_five_hundred_that_say_nothing_leave_room_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_SILENCE", 0.5)
    async with served(connections=50) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(500)]
        for _, writer in idle:
            with suppress(ConnectionError):
                writer.write(b"GET /get HTTP/1.1\r\nHost: ")
        ended = [asyncio.create_task(_ended(reader)) for reader, _ in idle]
        async with asyncio.timeout(30):
            assert sum(await asyncio.gather(*ended)) == 500
        for _, writer in idle:
            writer.close()
        async with asyncio.timeout(30):
            while not await sent(port, f"GET /get HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n".encode()):
                pass


async def test_t6_one_more_than_there_is_room_for_is_turned_away(caplog: pytest.LogCaptureFixture) -> None:
    request = f"GET /get HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n".encode()
    async with served(connections=3) as port:
        there = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _ in range(5):
            assert await sent(port, request) == b""
        assert caplog.text.count("too many connections") == 1
        for _, writer in there:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(30):
            while not await sent(port, request):
                pass


@pytest.mark.parametrize(
    ("where", "there", "in_"),
    [
        ("192.0.2.1", ["192.0.2.1"] * 4 + ["192.0.2.2"] * 3, True),
        ("192.0.2.1", ["192.0.2.1"] * 5, False),
        ("192.0.2.2", ["192.0.2.1"] * 5, True),
        ("2001:db8::2", ["2001:db8::1"] * 5, False),
        ("2001:db8:0:1::2", ["2001:db8::1"] * 5, True),
        ("127.0.0.1", ["127.0.0.1"] * 9, True),
        ("127.0.0.1", ["127.0.0.1"] * 10, False),
    ],
)
def test_t6_another_machine_has_half_of_the_room(where: str, there: list[str], in_: bool) -> None:
    server = MagicMock(connections=[MagicMock(peername=(name, 1)) for name in there])
    transport = MagicMock(spec=asyncio.Transport)
    transport.get_extra_info.return_value = (where, 2)
    protocol = Threshold(server, 10)()
    protocol.connection_made(transport)
    assert transport.abort.called != in_
    assert server.called == in_


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


# -- huge ones (T7) ----------------------------------------------------------------------------------------------------


async def test_t7_a_huge_body_is_refused_and_not_held(port: int) -> None:
    before = peak()
    piece = b"1," * 50_000
    answer = await sent(
        port, f"POST /take HTTP/1.1\r\n{HEAD}Content-Length: {1 << 30}\r\n\r\n[".encode(), *[piece] * 1000
    )
    assert statuses(answer) in ([413], [])
    assert peak() - before < 32_000_000


async def test_t7_a_huge_body_in_chunks_is_refused_and_not_held(port: int) -> None:
    before = peak()
    chunk = b"%x\r\n" % 100_000 + b"1" * 100_000 + b"\r\n"
    answer = await sent(
        port, f"POST /take HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode(), *[chunk] * 1000
    )
    assert statuses(answer) in ([413], [])
    assert peak() - before < 32_000_000


async def test_t7_many_large_bodies_at_once_are_not_all_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.http.route._ALL", 3_000_000)

    def body(size: int) -> bytes:
        head = f"POST /take HTTP/1.1\r\n{HEAD}Connection: close\r\nContent-Length: {size}\r\n\r\n"
        return head.encode() + b"1".rjust(size)

    async with served() as port:
        clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
        for _, writer in clients:
            writer.write(body(900_000)[:-1])
        first = [asyncio.create_task(reader.readline()) for reader, _ in clients]
        async with asyncio.timeout(30):
            while sum(task.done() for task in first) < 7:
                await asyncio.sleep(0.01)
        assert all(b" 429 " in task.result() for task in first if task.done()), "the others are still waited for"
        assert statuses(await sent(port, body(900))) == [200], "there is always room for a small one"
        for task, (_, writer) in zip(first, clients, strict=True):
            writer.transport.abort()
            task.cancel()
        await asyncio.wait(first)
        async with asyncio.timeout(30):
            while statuses(await sent(port, body(900_000))) != [200]:
                pass


async def test_t7_very_many_chunks_of_a_byte_do_not_hold_others_up(port: int) -> None:
    sending = asyncio.create_task(
        sent(
            port,
            f"POST /take HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode(),
            *[b"1\r\n1\r\n" * 1000] * 100,
            b"0\r\n\r\n",
        )
    )
    request = f"GET /get HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n".encode()
    while not sending.done():
        assert statuses(await sent(port, request)) == [200]
    assert statuses(await sending) in ([200], [400], [413])


@cache
def packed() -> bytes:
    """Return what is a thousand times as much once it is unpacked."""
    return gzip.compress(b"[" + b" " * 100_000_000 + b"]")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity", "x-gzip"])
async def test_t7_a_packed_body_is_refused_and_not_unpacked(port: int, encoding: str) -> None:
    bomb = packed()
    before = peak()
    head = f"POST /take HTTP/1.1\r\n{HEAD}Content-Encoding: {encoding}\r\nContent-Length: {len(bomb)}\r\n"
    answer = await sent(port, f"{head}Connection: close\r\n\r\n".encode(), bomb)
    assert statuses(answer) == [415]
    assert peak() - before < 32_000_000


@pytest.mark.parametrize(
    "headers",
    [
        "X-A: " + "a" * 10_000,
        "X-" + "a" * 10_000 + ": b",
        "\r\n".join(f"X-{n}: b" for n in range(1000)),
        "Cookie: " + "; ".join(f"a{n}=b" for n in range(3000)),
    ],
    ids=["long value", "long name", "many", "long cookie"],
)
async def test_t7_headers_are_bounded(port: int, headers: str) -> None:
    assert statuses(await sent(port, f"GET /get HTTP/1.1\r\n{HEAD}{headers}\r\n\r\n".encode())) == [400]


async def test_t7_trailers_are_bounded(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.http.route._SILENCE", 0.5)
    before = peak()
    head = f"POST /take HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n"
    answer = await sent(port, head.encode(), *[b"X-A: " + b"a" * 1000 + b"\r\n"] * 20_000)
    assert statuses(answer) in ([408], [])
    assert peak() - before < 32_000_000


async def test_t7_a_long_path_is_refused(port: int) -> None:
    assert statuses(await sent(port, f"GET /{'a' * 10_000} HTTP/1.1\r\n{HEAD}\r\n".encode())) == [400]


# -- what two programs read differently (T29) --------------------------------------------------------------------------

SMUGGLED = "GET /get HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 1\r\nContent-Length: 5",
        "Content-Length: 1, 5",
        "Content-Length: +1",
        "Content-Length: -1",
        "Content-Length: 0x1",
        "Content-Length: 1_0",
        "Content-Length: ١",
        "Content-Length: 1 1",
        "Content-Length : 1",
        "Content-Length:",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked, identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding:\x00chunked",
        "X-A: a\r\n folded: b",
        "X-A: a\r\n\tfolded",
        " X-A: a",
        "X A: a",
        "X-A\x00: a",
        "X-A: a\x00b",
        "X-A: a\rb",
        "X-A: a\nContent-Length: 5",
        ": a",
        "no colon",
    ],
)
async def test_t29_headers_of_two_meanings_are_refused(port: int, headers: str) -> None:
    answer = await sent(port, f"POST /take HTTP/1.1\r\n{HEAD}{headers}\r\n\r\n1\r\n1\r\n0\r\n\r\n{SMUGGLED}".encode())
    assert statuses(answer) == [400]


@pytest.mark.parametrize(
    "body",
    [
        "0x1\r\n1\r\n0\r\n\r\n",
        "+1\r\n1\r\n0\r\n\r\n",
        "-1\r\n1\r\n0\r\n\r\n",
        " 1\r\n1\r\n0\r\n\r\n",
        "1 \r\n1\r\n0\r\n\r\n",
        "1_0\r\n1\r\n0\r\n\r\n",
        "\r\n1\r\n0\r\n\r\n",
        "1\n1\n0\n\n",
        "1\r\n12\r\n0\r\n\r\n",
        "1\r\n1 0\r\n\r\n",
        "fffffffffffffffff\r\n1\r\n0\r\n\r\n",
        "1;a\x00\r\n1\r\n0\r\n\r\n",
        "1;a\nb\r\n1\r\n0\r\n\r\n",
        "g\r\n1\r\n0\r\n\r\n",
    ],
)
async def test_t29_chunks_of_two_meanings_are_refused(port: int, body: str) -> None:
    answer = await sent(
        port, f"POST /take HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n{body}{SMUGGLED}".encode()
    )
    assert 200 not in statuses(answer)
    assert len(statuses(answer)) <= 1, "what follows is no request of its own"


@pytest.mark.parametrize(
    "line",
    [
        "GET /get",
        "GET  /get HTTP/1.1",
        "GET /get HTTP/1.1 ",
        "GET /get HTTP/1.10",
        "GET /get HTTP/2.0",
        "GET /get HTTP/0.9",
        "GET /get http/1.1",
        "GET /g\x00et HTTP/1.1",
        "G\x00ET /get HTTP/1.1",
        "GE(T /get HTTP/1.1",
        "GET\t/get HTTP/1.1",
        "\x16\x03\x01\x02\x00",
        "PRI * HTTP/2.0",
    ],
)
async def test_t29_a_first_line_that_is_none_is_refused(port: int, line: str) -> None:
    answer = await sent(port, f"{line}\r\n{HEAD}Connection: close\r\n\r\n{SMUGGLED}".encode())
    assert statuses(answer) in ([400], [])


async def test_t29_http_1_0_closes_and_takes_no_chunks(port: int) -> None:
    assert statuses(await sent(port, f"GET /get HTTP/1.0\r\n{HEAD}\r\n".encode())) == [200]
    chunked = f"POST /take HTTP/1.0\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n{SMUGGLED}"
    assert 200 not in statuses(await sent(port, chunked.encode()))


async def test_t29_what_is_pipelined_is_answered_in_order(port: int) -> None:
    one = f"GET /get HTTP/1.1\r\n{HEAD}\r\n"
    refused = "GET /get HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = f"GET /get HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n"
    assert statuses(await sent(port, (one + refused + one + last).encode())) == [200, 401, 200, 200]


@pytest.mark.parametrize(
    "target", ["http://evil.example/get", "http://localhost/get", "//evil.example/get", "*", "get"]
)
async def test_t29_a_target_that_names_a_host_goes_round_nothing(port: int, target: str) -> None:
    answer = await sent(port, f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert statuses(answer)[0] in (400, 401, 421)
