"""A site on the web that misbehaves on demand, wheels made by hand, and small stores that fetch from both."""

import asyncio
import hashlib
import os
import random
import stat
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from assistant.engines import Kind
from assistant.models.catalogue import Catalogue, Entry, File, Source
from assistant.models.sources import Limits
from assistant.models.store import Store

DATA = random.Random(1).randbytes(1 << 20)
"""What a model's file holds in these tests: 1 MiB, so that it comes in many pieces; no half is like the other."""


class MakeStore(Protocol):
    """Makes a store whose catalogue has one model, `m`, of the files that are named with their sources."""

    def __call__(
        self, files: dict[str, list[Source]], data: bytes = DATA, *, wheels: dict[str, int] | None = None
    ) -> Store: ...


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    def make(files: dict[str, list[Source]], data: bytes = DATA, *, wheels: dict[str, int] | None = None) -> Store:
        digest = hashlib.sha256(data).hexdigest()
        listed = tuple(File(name=n, size=len(data), sha256=digest, sources=tuple(s)) for n, s in files.items())
        model = Entry(kind=Kind.CHAT, description="a model", licence="MIT", main=listed[0].name, files=listed)
        limits = Limits(connect=5, stall=1, schemes=frozenset({"http"}))
        return Store(tmp_path / "models", Catalogue(models={"m": model}, wheels=wheels or {}), limits)

    return make


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Site:
    """A web server that misbehaves as it is told to. Its methods return the URL of what they serve."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and `Range` of every request."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it to end the stalls."""
    server: TestServer | None = None

    def serve(self, path: str, handler: Handler) -> str:
        """Answer *path* by *handler*."""
        assert self.server is not None
        self.handlers[path] = handler
        return str(self.server.make_url(path))

    def whole(self, path: str, data: bytes = DATA, *, ranges: bool = True) -> str:
        """Serve all of *data*, or the range that is asked for."""

        async def handler(request: web.Request) -> web.StreamResponse:
            asked = request.http_range
            if not ranges or asked.start is None:
                return web.Response(body=data)
            content = f"bytes {asked.start}-{len(data) - 1}/{len(data)}"
            return web.Response(status=206, body=data[asked.start :], headers={"Content-Range": content})

        return self.serve(path, handler)

    def cut(self, path: str, at: int, data: bytes = DATA) -> str:
        """Promise all of *data*, but hang up after *at* bytes."""

        async def handler(request: web.Request) -> web.StreamResponse:
            response = await _begin(request, data, at)
            await asyncio.sleep(0.1)  # what has not been read when the end comes is lost
            assert request.transport is not None
            request.transport.close()
            return response

        return self.serve(path, handler)

    def stall(self, path: str, at: int, data: bytes = DATA) -> str:
        """Promise all of *data*, but send nothing after *at* bytes."""

        async def handler(request: web.Request) -> web.StreamResponse:
            response = await _begin(request, data, at)
            await self.released.wait()
            return response

        return self.serve(path, handler)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("Range", "")))
        return await self.handlers[request.path](request)


async def _begin(request: web.Request, data: bytes, at: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(data))})
    await response.prepare(request)
    await response.write(data[:at])
    return response


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    site.server = TestServer(app)
    async with site.server:
        yield site
        site.released.set()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Return a function that waits until a condition holds, up to a minute."""

    async def wait(condition: Callable[[], object]) -> None:
        for _ in range(3000):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise TimeoutError

    return wait


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that puts a wheel into a folder, which is all that pip gets its packages from."""
    folder = tmp_path / "registry"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))

    def add(wheel: str, members: dict[str, bytes], *, links: frozenset[str] = frozenset(), spoil: bytes = b"") -> int:
        name, version = wheel.split("==")
        stem = f"{name.replace('-', '_')}-{version}"
        about = {
            f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            "Requires-Python: <3\n",  # of no interest to who only reads it
            f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{stem}.dist-info/RECORD": "",
        }
        file = folder / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(file, "w") as archive:
            for member, data in {**members, **{k: v.encode() for k, v in about.items()}}.items():
                info = zipfile.ZipInfo(member)
                info.external_attr = (stat.S_IFLNK if member in links else stat.S_IFREG | 0o644) << 16
                info.compress_type = zipfile.ZIP_STORED if spoil else zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
        if spoil:
            content = file.read_bytes()
            assert spoil in content
            file.write_bytes(content.replace(spoil, bytes(len(spoil))))
        return file.stat().st_size

    return add
