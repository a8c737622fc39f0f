"""A server, spoken to through OpenAI's library: no redirects, no proxies, bounded answers.

Keys go where the owner said and nowhere else: redirects are not followed, and neither proxies nor keys are taken from
the environment. Certificates are verified against the system's store.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from openai import AsyncOpenAI, AsyncStream

from assistant import BoundedAnswer, Provider, system_trust
from assistant_openai_bridge.faults import classified, faults_of

__all__ = ["Client", "connected"]

_CONNECT = 3.0
"""Seconds that a connection may take."""
_CONNECTIONS = 64
"""Connections to one server at once."""
_KEPT = 2.0
"""Seconds for which an idle connection is kept, for the next round of a turn: many servers (uvicorn, llama.cpp, Node)
close theirs after 5, and a request that is sent in that very moment fails."""
_OF_HTTP = ("host", "accept", "connection", "content-type", "content-length", "transfer-encoding")
"""Headers that a request has whoever sends it."""
_FAULT = 65_536
"""Bytes of an error's page that are read."""
_WHOLE = 16 * 1024 * 1024
"""Bytes of an answer that comes in one piece."""
_NOT_THERE = (404, 405, 501)
"""What a server answers where it has no such page."""

for _library in ("openai", "httpx2", "httpcore2"):
    logging.getLogger(_library).setLevel(logging.WARNING)  # what they tell below holds what was said


class _Cut(httpx2.AsyncByteStream):
    """The beginning of an error's page."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = _FAULT
        async for chunk in self._stream:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx2.AsyncHTTPTransport):
    """Connections that send no headers but the owner's, and read no more of an error's page than a person would."""

    def __init__(self, provider: Provider) -> None:
        limits = httpx2.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_KEPT)
        super().__init__(verify=system_trust(), trust_env=False, limits=limits)
        self._headers = httpx2.Headers(provider.headers)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request without what the library says of this machine, or found in its environment."""
        headers = httpx2.Headers([(name, value) for name, value in request.headers.items() if name in _OF_HTTP])
        headers.update(self._headers)
        request.headers = headers
        response = await super().handle_async_request(request)
        if response.status_code >= 300 and isinstance(response.stream, httpx2.AsyncByteStream):
            response.headers.pop("content-encoding", None)  # a small page could unpack into a large one
            response.stream = _Cut(response.stream)
        return response


def _answer(provider: Provider, response: httpx2.Response, most: int) -> BoundedAnswer:
    """Return an answer of which nothing is read yet."""
    return BoundedAnswer(
        faults_of(provider),
        response.aiter_raw(),
        type=response.headers.get("content-type", ""),
        encoding=response.headers.get("content-encoding", ""),
        most=most,
        classified=partial(classified, provider),
    )


class Client:
    """A server that is configured."""

    def __init__(self, provider: Provider, openai: AsyncOpenAI) -> None:
        self.provider = provider
        self._openai = openai

    async def get(self, path: str) -> Any:
        """Return the JSON of a page, below the endpoint, or with a slash below the server's root.

        None where there is no such page, or no JSON on it; raises EngineError where the server does not answer.
        """
        with classified(self.provider):
            try:
                response = await self._sent("get", path)
            except openai.APIStatusError as error:
                if error.status_code in _NOT_THERE:
                    return None
                raise
        answer = _answer(self.provider, response, _WHOLE)
        try:
            return await answer.json() if answer.type in ("application/json", "") else None
        finally:
            await response.aclose()

    @asynccontextmanager
    async def post(
        self, path: str, body: dict[str, Any], *, model: str = "", most: int = _WHOLE, file: bytes | None = None
    ) -> AsyncGenerator[BoundedAnswer, None]:
        """Ask for something, of which *most* bytes are read, at a path as of `get`; raises EngineError.

        A *file*, which is WAV, is sent as a form of which *body* is the rest. Leaving closes the connection: the server
        stops.
        """
        with classified(self.provider, model):
            response = await self._sent("post", path, body, file)
        try:
            yield _answer(self.provider, response, most)
        finally:
            await response.aclose()

    async def _sent(
        self, method: str, path: str, body: dict[str, Any] | None = None, file: bytes | None = None
    ) -> httpx2.Response:
        """Send a request and return the answer, of which nothing is read yet."""
        if path.startswith("/"):
            root = urlsplit(self.provider.endpoint)
            path = f"{root.scheme}://{root.netloc}{path}"
        async with asyncio.timeout(self.provider.config.parameters.timeout):
            if method == "get":
                stream = await self._openai.get(path, cast_to=object, stream=True, stream_cls=AsyncStream[object])
            else:
                stream = await self._openai.post(
                    path,
                    cast_to=object,
                    body=body,
                    files={"file": ("speech.wav", file, "audio/wav")} if file is not None else None,
                    options={"headers": {"Content-Type": "multipart/form-data"}} if file is not None else {},
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
            return stream.response


@asynccontextmanager
async def connected(provider: Provider) -> AsyncGenerator[Client, None]:
    """Make a client of a server. Nothing is sent before it is asked."""
    parameters = provider.config.parameters
    timeout = httpx2.Timeout(parameters.timeout, connect=min(_CONNECT, parameters.timeout))
    transport = _Transport(provider)
    async with AsyncOpenAI(
        api_key="sent by the transport",  # without one it is looked for in the environment
        base_url=provider.endpoint,
        timeout=timeout,
        max_retries=parameters.max_retries,
        http_client=httpx2.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False),
    ) as sdk:
        yield Client(provider, sdk)
