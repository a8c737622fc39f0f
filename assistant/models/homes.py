"""Get the bytes of a file from its home on the web."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import aiohttp
from yarl import URL

from assistant.models.sources import CHUNK, Advanced, Limits, Part, SourceError, require_space

__all__ = ["Homes"]

_REDIRECTS = 5


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
    async for data in response.content.iter_chunked(CHUNK):
        await asyncio.to_thread(part.write, data)
        advanced(part.size)
