"""Pictures of a conversation that are elsewhere: fetched by HTTPS, from hosts that the owner allows, and nowhere else.

A request could otherwise have the daemon ask for whatever only this machine can reach (server-side request forgery,
CWE-918). So there is one parser of addresses, a name is resolved once, only what that gave is connected to, and nobody
is sent elsewhere.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from assistant.chat import ImagePart
from assistant.errors import ImageTooLarge
from assistant.http.form import Room
from assistant.http.problem import Problem
from assistant.images import BYTES, read_image
from assistant.providers.trust import system_trust

__all__ = ["Eyes"]

_MOST = 8
"""Pictures that are fetched for a request."""
_LONGEST = 8192
"""Characters of an address; one that holds a picture itself has millions, and is not parsed."""
_SECONDS = 15.0
"""Until all of them must be there."""
_AT_ONCE = 8
"""Requests at once: each may hold pictures of `BYTES` together."""
_HEADERS = {"Accept": "image/jpeg, image/png, image/webp", "Accept-Encoding": "identity", "User-Agent": "inglenook"}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Eyes:
    """Fetches pictures from *hosts*: names or addresses, with a port where it is not 443.

    An address that is not public is connected to only where it is among them.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        places = [url for host in hosts if (url := _https(f"https://{host}"))]
        self._places = frozenset((url.host, url.port) for url in places)
        self._resolver = _Careful(frozenset(at for url in places if (at := _address(url.host or ""))))
        self._room = Room(_AT_ONCE)

    async def parts(self, urls: Mapping[str, str]) -> dict[str, ImagePart]:
        """Return the pictures at those of *urls*, by their keys, that are of one of the hosts; others are left alone.

        Raises Problem, ImageError, UnknownImage, ImageTooLarge for what is no picture that can be looked at.
        """
        wanted = {key: url for key, given in urls.items() if (url := self._known(given))}
        if not wanted:
            return {}
        if len(wanted) > _MOST:
            raise Problem(400, "too_many", f"{len(wanted)} pictures would be fetched", f"send up to {_MOST}")
        try:
            with self._room.place():
                async with asyncio.timeout(_SECONDS):
                    return await self._fetched(wanted)
        except TimeoutError:
            message = f"the pictures did not come in {_SECONDS:g} s"
            raise Problem(400, "unfetched_image", message, "send the pictures themselves") from None

    def _known(self, given: str) -> URL | None:
        """Return an address that may be asked; None for any other."""
        url = _https(given) if self._places else None
        return url if url and (url.host, url.port) in self._places else None

    async def _fetched(self, wanted: Mapping[str, URL]) -> dict[str, ImagePart]:
        parts, left = dict[str, ImagePart](), BYTES
        async with self._session(await asyncio.to_thread(system_trust)) as session:
            for key, url in wanted.items():
                data = await _content(session, url, key, left)
                parts[key], left = ImagePart(read_image(data)), left - len(data)
        return parts

    def _session(self, trust: ssl.SSLContext) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=self._resolver, use_dns_cache=False, ssl=trust, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(),
        )


class _Careful(AbstractResolver):
    """Leads names to public addresses, and to those that are *named*."""

    def __init__(self, named: frozenset[Address]) -> None:
        self._named = named

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name that may be connected to; raises Problem where there is none."""
        found = await aiohttp.ThreadedResolver().resolve(host, port, family)
        able = [one for one in found if (at := _address(one["host"])) and (at in self._named or _is_public(at))]
        if not able:
            message = f"{host} has no public address"
            raise Problem(400, "private_address", message, "http.media lists the address, too, where that is meant")
        return able

    async def close(self) -> None:
        """Do nothing: nothing is kept."""


async def _content(session: aiohttp.ClientSession, url: URL, key: str, most: int) -> bytes:
    """Return what an address holds; raises Problem, ImageTooLarge for more than *most* bytes."""
    data = bytearray()
    try:
        async with session.get(url, allow_redirects=False) as answer:
            if answer.status != 200:
                raise _unfetched(key, url, f"answers {answer.status}")
            async for piece in answer.content.iter_any():
                data += piece
                if len(data) > most:
                    message = f"the pictures have more than {BYTES // 1_000_000} MB"
                    raise ImageTooLarge(message, hint="name smaller ones")
    except (aiohttp.ClientError, OSError) as error:
        raise _unfetched(key, url, f"cannot be asked: {error}") from None
    return bytes(data)


def _unfetched(key: str, url: URL, why: str) -> Problem:
    return Problem(400, "unfetched_image", f"{key}: {url.host} {why}", "send the picture itself", key=key)


def _https(text: str) -> URL | None:
    """Return the address that a text is, where it is one of HTTPS, for everybody; None for any other."""
    if len(text) > _LONGEST or not text.lower().startswith("https://"):
        return None
    try:
        url = URL(text)
    except ValueError:
        return None
    return url if url.raw_user is None and url.raw_password is None else None


def _address(text: str) -> Address | None:
    """Return the address that a text is; None for a name."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    """Tell whether an address is of the internet, and so is that which it may hold (RFC 4291, 3056)."""
    inner = (address.ipv4_mapped or address.sixtofour) if isinstance(address, ipaddress.IPv6Address) else None
    return address.is_global and not address.is_multicast and (inner is None or _is_public(inner))
