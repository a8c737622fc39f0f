"""Requests as their very bytes, and what comes back."""

import asyncio
import re
import resource
from contextlib import suppress

from tests.http.conftest import KEY

__all__ = ["HEAD", "peak", "post", "sent", "statuses"]

HEAD = f"Host: localhost\r\nAuthorization: Bearer {KEY}\r\n"
"""What a request needs to be let in."""


def post(path: str, *headers: str, key: str = KEY) -> bytes:
    """Return the head of a request that is let in."""
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"POST {path} HTTP/1.1\r\n{HEAD.replace(KEY, key)}{lines}\r\n".encode()


async def sent(port: int, *pieces: bytes) -> bytes:
    """Send the very bytes, and return all that is answered until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        with suppress(ConnectionError):  # it was closed before all was sent
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        async with asyncio.timeout(30):
            while piece := await reader.read(1 << 16):
                answer += piece
    except ConnectionError:
        pass
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return answer


def statuses(answer: bytes) -> list[int]:
    """Return the statuses of all answers."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def peak() -> int:
    """Return the most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
