"""The HTTP client of one server: it goes where the owner says, and every answer has an end."""

from collections.abc import AsyncIterator

import httpx2

__all__ = ["http_client"]

_MOST = 4 << 20
"""Bytes of an answer; of a stream of events the SDK bounds each event."""
_CONNECT, _READ = 30.0, 300.0
"""Seconds to connect, and between two pieces of an answer: a stream of events may be silent for long."""


def http_client(token: str) -> httpx2.AsyncClient:
    """Return a client that sends *token*, knows no proxy, and keeps to the address: the SDK follows no redirect that
    leaves it."""
    headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
    timeout = httpx2.Timeout(_CONNECT, read=_READ)
    return httpx2.AsyncClient(headers=headers, timeout=timeout, transport=_Bounded(), follow_redirects=False)


class _Bounded(httpx2.AsyncHTTPTransport):
    """Break off answers that are too long, or packed so that nobody knows how long they are."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.stream.aclose()
            raise httpx2.RemoteProtocolError("the answer is packed, which was not asked for", request=request)
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return response
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Body(response.stream),
            extensions=response.extensions,
        )


class _Body(httpx2.AsyncByteStream):
    """A body of `_MOST` bytes at most."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > _MOST:
                raise httpx2.StreamError(f"the answer has more than {_MOST} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
