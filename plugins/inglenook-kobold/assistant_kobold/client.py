"""A server of the Kobold family, spoken to over HTTP: no redirects, no proxies, bounded answers."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from assistant import BoundedAnswer, EngineError, Provider, ProviderFaults, system_trust

__all__ = ["Client", "connected"]

_CONNECT = 3.0
"""Seconds that a connection may take."""
_CONNECTIONS = 16
"""Connections to one server at once."""
_FAULT = 65_536
"""Bytes of an error's page that are read."""
_WHOLE = 16 * 1024 * 1024
"""Bytes of an answer that comes in one piece."""
_NOT_THERE = (404, 405, 501)
"""What a server answers where it has no such page."""
_PARTING = 2.0
"""Seconds that a server has to take note that nobody listens any more."""
_BASES = ("/api/v1", "/api/latest", "/api", "/v1")
"""What people write behind the host."""


@contextmanager
def _classified(faults: ProviderFaults) -> Iterator[None]:
    """Raise what aiohttp raises as an EngineError that says what failed at which server, and what to do."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError:
        raise faults.unreachable() from None
    except aiohttp.ClientConnectorDNSError:
        raise faults.unknown() from None
    except TimeoutError:
        raise faults.silent() from None
    except (aiohttp.ClientError, OSError) as error:
        raise faults.of_connection(error) from None


class Client:
    """A server that is configured."""

    def __init__(self, provider: Provider, session: aiohttp.ClientSession) -> None:
        self.provider = provider
        self._session = session
        address = urlsplit(provider.endpoint)
        base = next((address.path.removesuffix(each) for each in _BASES if address.path.endswith(each)), address.path)
        self._root = f"{address.scheme}://{address.netloc}{base.rstrip('/')}/"
        self._parting: set[asyncio.Task[None]] = set()

    async def get(self, path: str) -> Any:
        """Return the JSON of a page below the root; None where there is no such page, or no JSON on it.

        Raises EngineError where the server does not answer.
        """
        return await self._asked("GET", path, None)

    async def ask(self, path: str, body: dict[str, Any]) -> Any:
        """Return what is answered to *body*; None and errors as `get` has them."""
        return await self._asked("POST", path, body)

    async def _asked(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        response = await self._sent(method, path, body, ProviderFaults(self.provider), allowed=_NOT_THERE)
        try:
            if response.status in _NOT_THERE:
                return None
            answer = self._answer(response, _WHOLE)
            data = await answer.whole() if answer.type in ("application/json", "") else b""
        finally:
            response.close()
        return _decoded(data)

    async def send(self, path: str, body: dict[str, Any], model: str) -> aiohttp.ClientResponse:
        """Ask for a reply and return the answer, of which nothing is read yet; the caller closes it."""
        return await self._sent("POST", path, body, ProviderFaults(self.provider, model))

    def read(self, response: aiohttp.ClientResponse, most: int) -> BoundedAnswer:
        """Return an answer to be read, *most* bytes of it."""
        return self._answer(response, most)

    def part(self, farewell: Coroutine[Any, Any, Any]) -> None:
        """Let a server know that nobody listens any more, while the caller goes on."""
        task = asyncio.create_task(self._told(farewell), name=f"provider {self.provider.name}: abort")
        self._parting.add(task)
        task.add_done_callback(self._parting.discard)

    async def parted(self) -> None:
        """Wait until the server knows."""
        if self._parting:
            await asyncio.wait(self._parting)

    async def _told(self, farewell: Coroutine[Any, Any, Any]) -> None:
        try:
            async with asyncio.timeout(_PARTING):
                await farewell
        except (EngineError, TimeoutError) as error:
            self.provider.log.debug("%s does not take note that nobody listens: %s", self.provider, error)

    async def _sent(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        faults: ProviderFaults,
        allowed: tuple[int, ...] = (),
    ) -> aiohttp.ClientResponse:
        with _classified(faults):
            async with asyncio.timeout(self.provider.config.parameters.timeout):
                address = self._root + path.lstrip("/")
                response = await self._session.request(method, address, json=body, allow_redirects=False)
                if response.status < 300 or response.status in allowed:
                    return response
                try:
                    page = await _beginning(response)
                finally:
                    response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        raise faults.of_status(response.status, _decoded(page) or page.decode(errors="replace"), headers)

    def _answer(self, response: aiohttp.ClientResponse, most: int) -> BoundedAnswer:
        faults = ProviderFaults(self.provider)
        return BoundedAnswer(
            faults,
            _chunks(response),
            type=response.headers.get("Content-Type", ""),
            encoding=response.headers.get("Content-Encoding", ""),
            most=most,
            classified=partial(_classified, faults),
        )


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return what a person would read of an error's page, in however many parts it comes."""
    page = b""
    async with aclosing(_chunks(response)) as chunks:
        async for chunk in chunks:
            page += chunk
            if len(page) >= _FAULT:
                break
    return page[:_FAULT]


async def _chunks(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    async for chunk in response.content.iter_any():
        yield chunk


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


@asynccontextmanager
async def connected(provider: Provider) -> AsyncGenerator[Client, None]:
    """Make a client of a server. Nothing is sent before it is asked."""
    connect = min(_CONNECT, provider.config.parameters.timeout)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=system_trust(), limit=_CONNECTIONS, force_close=True),  # so does KoboldCpp
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=provider.headers,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
        trust_env=False,
        auto_decompress=False,
    ) as session:
        client = Client(provider, session)
        try:
            yield client
        finally:
            await client.parted()
