"""Get the bytes of a file from its home on the web."""

import asyncio
import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import aiohttp
from yarl import URL

from assistant.models.catalogue import File

__all__ = ["Advanced", "Homes", "Limits", "Part", "SourceError", "require_space"]

Advanced = Callable[[int], None]
"""Is told how many bytes of the file have come."""

_CHUNK = 1 << 18
_REDIRECTS = 5


class SourceError(Exception):
    """A source did not give the file; the next one may."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a download may do and how long it may take."""

    connect: float = 10.0
    """Seconds in which a host must be reached."""
    stall: float = 30.0
    """Seconds without a byte after which a download is given up."""
    registry_stall: float = 300.0
    """Seconds without a byte after which pip is given up; it has time-outs and retries of its own."""
    schemes: frozenset[str] = frozenset({"https"})
    """What a URL, and each one it redirects to, may begin with."""


class Part:
    """A file on its way: goes on where an earlier try ended, is hashed as it grows, never outgrows what is listed.

    It may hold bytes of several sources in turn: the digest, not the server, says whether they are right.
    """

    def __init__(self, path: Path, file: File) -> None:
        self.path = path
        self.file = file
        self.size = 0
        """Bytes so far."""
        self._digest = hashlib.sha256()
        self._stream = path.open("a+b")
        self._stream.seek(0)
        while data := self._stream.read(_CHUNK):
            self._digest.update(data)
            self.size += len(data)
        if self.size >= file.size and not self.is_right:
            self.restart()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    @property
    def is_right(self) -> bool:
        """Tell whether all bytes are here and are the listed ones."""
        return self.size == self.file.size and self._digest.hexdigest() == self.file.sha256

    def restart(self) -> None:
        """Begin again with nothing."""
        self._stream.truncate(0)
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append *data*; raises SourceError where it is more than the file has, OSError where the disk is full."""
        if self.size + len(data) > self.file.size:
            self.restart()
            raise SourceError(f"sends more than the listed {self.file.size} bytes")
        self._stream.write(data)
        self._digest.update(data)
        self.size += len(data)

    def finish(self, target: Path) -> None:
        """Make sure that the bytes are right and on the disk, then call the file *target*; raises SourceError."""
        if self.size < self.file.size:
            raise SourceError(f"ended after {self.size} of {self.file.size} bytes")
        if not self.is_right:
            digest = self._digest.hexdigest()
            self.restart()
            raise SourceError(f"gives other bytes than the listed ones (sha256 {digest})")
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self.path.replace(target)


def require_space(folder: Path, size: int) -> None:
    """Raise OSError where *folder* has no room for *size* bytes."""
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


class Homes:
    """Downloads by HTTPS. A host that cannot be reached is not tried again."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._unreachable: set[str] = set()
        self._session = aiohttp.ClientSession(
            trust_env=True,
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "inglenook"},
            timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect, sock_read=limits.stall),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def fetch(self, url: str, part: Part, advanced: Advanced) -> None:
        """Fill *part* up from *url*; raises SourceError."""
        require_space(part.path.parent, part.file.size - part.size)
        resumed = part.size > 0
        await self._fill(URL(url), part, advanced)
        if resumed and part.size == part.file.size and not part.is_right:
            part.restart()  # what an earlier try left was not good to go on from
            await self._fill(URL(url), part, advanced)

    async def _fill(self, url: URL, part: Part, advanced: Advanced) -> None:
        host = url.authority
        if host in self._unreachable:
            raise SourceError("cannot be reached")
        try:
            async with self._answer(url, part.size) as response:
                await _receive(response, part, advanced)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self._unreachable.add(host)
            raise SourceError(f"cannot be reached: {getattr(error, 'os_error', error)}") from None
        except TimeoutError:
            raise SourceError(f"sent nothing for {self._limits.stall:g} s") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise SourceError(str(error) or type(error).__name__) from None

    @contextlib.asynccontextmanager
    async def _answer(self, url: URL, start: int) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """Ask for the bytes from *start* on, and follow redirects."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        for _ in range(1 + _REDIRECTS):
            if url.scheme not in self._limits.schemes:
                raise SourceError(f"leads to {url.scheme}:, which is not secure")
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status not in {301, 302, 303, 307, 308}:
                    yield response
                    return
                url = url.join(URL(response.headers.get("Location", ""), encoded=True))
        raise SourceError(f"redirects more than {_REDIRECTS} times")


async def _receive(response: aiohttp.ClientResponse, part: Part, advanced: Advanced) -> None:
    """Write the body of an answer to *part*, from the start where the server knows no ranges."""
    match response.status:
        case 200:
            part.restart()
        case 206:
            listed = f"bytes {part.size}-{part.file.size - 1}/{part.file.size}"
            if response.headers.get("Content-Range") != listed:
                raise SourceError(f"answers with the range {response.headers.get('Content-Range')!r}, not {listed!r}")
        case status:
            raise SourceError(f"answers {status} {response.reason}")
    if response.content_type == "text/html":
        raise SourceError("answers with a web page")
    if response.content_length not in {None, part.file.size - part.size}:
        raise SourceError(f"has {response.content_length} bytes to send, not {part.file.size - part.size}")
    async for data in response.content.iter_chunked(_CHUNK):
        await asyncio.to_thread(part.write, data)
        advanced(part.size)
