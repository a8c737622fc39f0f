"""Pictures that are elsewhere, fetched from real servers of hosts that the owner allows, and from no others."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from assistant import ImagePart
from assistant.http.openai import eyes
from assistant.images import BYTES
from assistant.providers.trust import system_trust
from assistant.testing import FakeChat
from tests.certificates import certificate
from tests.http.openai.conftest import Served, serving
from tests.pictures import png

PICTURE = png(3, 2)


class Gallery:
    """A server of pictures, and of what is none."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.port = 0
        self.sent = 0

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncGenerator["Gallery", None]:
        files = certificate(folder, "gallery")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        runner = web.ServerRunner(web.Server(self._answer, handler_cancellation=True))
        await runner.setup()
        site = web.SockSite(runner, found := socket.create_server(("127.0.0.1", 0)), ssl_context=context)
        self.port = found.getsockname()[1]
        await site.start()
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request)  # type: ignore[arg-type]
        match request.path:
            case "/picture.png":
                return web.Response(body=PICTURE)
            case "/elsewhere":
                return web.Response(status=302, headers={"Location": "/picture.png"})
            case "/page":
                return web.Response(text="<html>")
            case "/endless":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(1000):  # who is gone is not noticed while the loop does nothing else
                    await response.write(PICTURE + bytes(1_000_000))
                    self.sent += 1_000_000
                    await asyncio.sleep(0.001)
                return response
            case "/slow":
                await asyncio.sleep(3600)
        return web.Response(status=404)


@pytest.fixture
async def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Gallery, None]:
    async with Gallery().open(tmp_path) as opened:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gallery.crt"))
        system_trust.cache_clear()
        yield opened
        system_trust.cache_clear()


async def shown(door: Served, *urls: str) -> tuple[int, Any]:
    """Show pictures to the chat model."""
    content = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return await door.ask(messages=[{"role": "user", "content": content}])


async def test_pictures_of_an_allowed_host_are_fetched(gallery: Gallery) -> None:
    url = f"https://localhost:{gallery.port}/picture.png?size=3"
    async with serving(FakeChat(pace=0.0), media=[f"localhost:{gallery.port}", "127.0.0.1"]) as door:
        assert (await shown(door, url, url))[0] == 200
        said = [{"role": "user", "content": [{"type": "input_image", "image_url": url}]}]
        assert (await door.post("/v1/responses", {"input": said}))[0] == 200
        parts = [part for request in door.chat.requests for part in request.messages[0].parts]
        assert [part.image.data for part in parts if isinstance(part, ImagePart)] == [PICTURE] * 3
        assert gallery.asked[0].path_qs == "/picture.png?size=3"
        told = {"Host", "Accept", "Accept-Encoding", "User-Agent", "Connection"}
        assert set(gallery.asked[0].headers) <= told  # neither a key nor a cookie


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("elsewhere", "unfetched_image"),
        ("nothing", "unfetched_image"),
        ("page", "unknown_image"),
        ("endless", "image_too_large"),
        ("slow", "unfetched_image"),
    ],
)
async def test_t18_what_is_no_picture_there_is_refused(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, path: str, code: str
) -> None:
    monkeypatch.setattr(eyes, "_SECONDS", 0.5 if path == "slow" else 60.0)
    async with serving(FakeChat(pace=0.0), media=[f"localhost:{gallery.port}", "127.0.0.1"]) as door:
        status, answer = await shown(door, f"https://localhost:{gallery.port}/{path}")
        assert (status // 100, answer["error"]["code"]) == (4, code)
        assert [request.path for request in gallery.asked] == [f"/{path}"] and not door.chat.requests
    assert gallery.sent < 2 * BYTES


async def test_t18_nothing_else_is_asked(gallery: Gallery) -> None:
    places = ["127.0.0.1:{}", "localhost", "user:word@localhost:{}", "localhost.:{}", "[::ffff:127.0.0.1]:{}"]
    places += ["2130706433:{}", "good.example\\@localhost:{}", "localhost:{}@evil.example", "localhost:{}.evil.example"]
    urls = [f"https://{place.format(gallery.port)}/picture.png" for place in places]
    urls += [f"http://localhost:{gallery.port}/picture.png", "file:///etc/passwd", "https://", "https://[/"]
    urls += [f"https://localhost:{gallery.port}/picture.png?{'x' * 8192}"]
    async with serving(FakeChat(pace=0.0), media=[f"localhost:{gallery.port}", "127.0.0.1"]) as door:
        for url in urls:
            status, answer = await shown(door, url)
            assert (status, answer["error"]["code"]) == (400, "unsupported_image_url"), url
        good = f"https://localhost:{gallery.port}/picture.png"
        assert (await shown(door, *[good] * 9))[1]["error"]["code"] == "too_many"
        assert not gallery.asked and not door.chat.requests


async def test_t18_an_address_that_is_not_public_is_to_be_named(gallery: Gallery) -> None:
    async with serving(FakeChat(pace=0.0), media=[f"localhost:{gallery.port}"]) as door:
        status, answer = await shown(door, f"https://localhost:{gallery.port}/picture.png")
        assert (status, answer["error"]["code"]) == (400, "private_address")
        assert not gallery.asked and not door.chat.requests


async def test_t18_a_name_is_resolved_once_and_that_is_connected_to(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, resolve = list[object](), socket.getaddrinfo

    def rebinding(host: Any, port: Any, *more: Any, **kind: Any) -> Any:
        if host != "localhost":
            return resolve(host, port, *more, **kind)
        asked.append(host)
        return resolve("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port, *more, **kind)

    async with serving(FakeChat(pace=0.0), media=[f"localhost:{gallery.port}", "127.0.0.1"]) as door:
        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        assert (await shown(door, f"https://localhost:{gallery.port}/picture.png"))[0] == 200
    assert asked == ["localhost"] and len(gallery.asked) == 1


async def test_t18_who_cannot_show_who_it_is_is_not_believed(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with serving(FakeChat(pace=0.0), media=[f"localhost:{gallery.port}", "127.0.0.1"]) as door:
        status, answer = await shown(door, f"https://localhost:{gallery.port}/picture.png")
    assert (status, answer["error"]["code"]) == (400, "unfetched_image") and not gallery.asked


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_t18_what_is_public(address: str, public: bool) -> None:
    found = eyes._address(address)
    assert found is not None and eyes._is_public(found) is public
