"""Ollama, spoken to through its own library: no redirects, no proxies, bounded answers.

Keys go where the owner said and nowhere else: redirects are not followed, and neither proxies nor keys are taken from
the environment. Certificates are verified against the system's store.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import ollama

from assistant import EngineUnavailable, Provider, ProviderFaults, system_trust

__all__ = ["Client", "classified", "connected"]

_CONNECT = 3.0
"""Seconds that a connection may take."""
_CONNECTIONS = 64
"""Connections to one server at once."""
_OF_HTTP = ("host", "accept", "connection", "content-type", "content-length", "transfer-encoding")
"""Headers that a request has whoever sends it."""
_FAULT = 65_536
"""Bytes of an error's page that are read."""
_WHOLE = 16 * 1024 * 1024
"""Bytes of an answer that comes in one piece."""
_STREAM = 64 * 1024 * 1024
"""Bytes of a stream."""
_LINE = 1_048_576
"""Bytes of one line of a stream."""
_STREAMS = "application/x-ndjson"
_TYPES = ("application/json", _STREAMS, "text/plain", "")
"""Kinds of answer that Ollama gives."""
_NOT_THERE = (404, 405, 501)
"""What a server answers where it has no such page."""

for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)  # what they tell below is not for a log of the house


@contextmanager
def classified(faults: ProviderFaults) -> Iterator[None]:
    """Raise what ollama and httpx raise as an EngineError that says what failed at which server, and what to do."""
    try:
        yield
    except ollama.ResponseError as error:
        if error.status_code < 0:  # told in the middle of a stream
            raise faults.failed(error.error) from None
        page = error.__context__.response if isinstance(error.__context__, httpx.HTTPStatusError) else None
        raise faults.of_status(error.status_code, error.error, page.headers if page else {}) from None
    except httpx.ConnectTimeout:
        raise faults.unreachable() from None
    except (httpx.TimeoutException, TimeoutError):
        raise faults.silent() from None
    except (httpx.TransportError, ConnectionError) as error:
        raise faults.of_connection(error) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # how ollama finds that a line is none
        raise faults.no_part(error) from None


class _Bounded(httpx.AsyncByteStream):
    """The bytes of an answer, up to a bound; of an error's page no more than a person would read."""

    def __init__(self, stream: httpx.AsyncByteStream, faults: ProviderFaults, type_: str, failed: bool) -> None:
        self._stream, self._faults, self._failed = stream, faults, failed
        self._most = _FAULT if failed else _STREAM if type_ == _STREAMS else _WHOLE
        self._longest = _LINE if type_ == _STREAMS else self._most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = line = 0
        async for chunk in self._stream:
            size += len(chunk)
            line = len(chunk) - chunk.rfind(b"\n") - 1 if b"\n" in chunk else line + len(chunk)
            if self._failed and size > self._most:
                yield chunk[: self._most - size]
                return
            if size > self._most or line > self._longest:
                raise self._faults.too_much(min(self._most, self._longest))
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx.AsyncHTTPTransport):
    """Connections that send no headers but the owner's, to the paths that the owner says."""

    def __init__(self, provider: Provider) -> None:
        # None is kept: one that the server closes in the very moment in which it is used again fails the request.
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=0)
        super().__init__(verify=system_trust(), trust_env=False, limits=limits)
        self._faults = ProviderFaults(provider)
        self._headers = httpx.Headers(provider.headers)
        asked = provider.config.parameters
        others = {"/api/chat": asked.chat_endpoint, "/api/tags": asked.model_endpoint}
        self._elsewhere = {path: f"/{other.lstrip('/')}".encode() for path, other in others.items() if other}
        self._root = urlsplit(provider.endpoint).path.rstrip("/")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request without what the libraries say of this machine, or found in its environment."""
        headers = httpx.Headers([(name, value) for name, value in request.headers.items() if name in _OF_HTTP])
        headers.update(self._headers)
        request.headers = headers
        if path := self._elsewhere.get(request.url.path.removeprefix(self._root)):
            request.url = request.url.copy_with(raw_path=self._root.encode() + path)
        response = await super().handle_async_request(request)
        failed = response.status_code >= 300
        type_ = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if failed:
            response.headers.pop("content-encoding", None)  # a small page could unpack into a large one
        elif type_ not in _TYPES or response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise self._faults.strange(type_) if type_ not in _TYPES else self._faults.packed()
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Bounded(response.stream, self._faults, type_, failed)
        return response


class Client:
    """A server that is configured."""

    def __init__(self, provider: Provider, sdk: ollama.AsyncClient, pages: httpx.AsyncClient) -> None:
        self.provider = provider
        self.sdk = sdk
        """Ollama's own client, for all that it knows."""
        self._pages = pages

    async def page(self, path: str, **body: Any) -> bytes | None:
        """Return a page as it is, for which a *body* is sent where there is any; None where there is no such page.

        Raises EngineError where the server does not answer. It is for what the library leaves out.
        """
        faults = ProviderFaults(self.provider)
        with classified(faults):
            async with asyncio.timeout(self.provider.config.parameters.timeout):
                method = self._pages.post(path, json=body) if body else self._pages.get(path)
                response = await method
        if response.status_code in _NOT_THERE:
            return None
        if response.status_code >= 300:
            raise faults.of_status(response.status_code, _decoded(response.content), response.headers)
        return response.content

    async def json(self, path: str, **body: Any) -> Any:
        """Return what the JSON of a page says; None where there is no such page, or it is none."""
        data = await self.page(path, **body)
        return None if data is None else _decoded(data)

    async def make_sure(self, model: str) -> None:
        """Ask whether Ollama's own service runs a model, which its name may hide; raises EngineUnavailable if so."""
        page = await self.json("/api/show", model=model)
        if host := page.get("remote_host") if isinstance(page, dict) else "":
            raise EngineUnavailable(
                f"{self.provider}: {model} is not on this machine: {str(host)[:100]!a} runs it",
                hint="it counts as remote as soon as the server has listed its models",
            )

    @asynccontextmanager
    async def asked(self, model: str = "") -> AsyncGenerator[ollama.AsyncClient, None]:
        """Lend the library for one question that has one answer; raises EngineError."""
        with classified(ProviderFaults(self.provider, model)):
            async with asyncio.timeout(self.provider.config.parameters.timeout):
                yield self.sdk


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


@asynccontextmanager
async def connected(provider: Provider) -> AsyncGenerator[Client, None]:
    """Make a client of a server. Nothing is sent before it is asked."""
    timeout = httpx.Timeout(
        provider.config.parameters.timeout, connect=min(_CONNECT, provider.config.parameters.timeout)
    )
    root = provider.endpoint.removesuffix("/api").removesuffix("/v1")
    at_root = Provider(provider.name, root, provider.config, provider.options)
    transport = _Transport(at_root)
    more: dict[str, Any] = {"transport": transport, "timeout": timeout, "trust_env": False, "follow_redirects": False}
    async with httpx.AsyncClient(base_url=root, **more) as pages, ollama.AsyncClient(root, **more) as sdk:
        yield Client(at_root, sdk, pages)
